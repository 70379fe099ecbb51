"""A Lambda function that makes a list of recorded calls with boto3 clients, configured as ours are."""

import json
import os
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

QUICK = Config(
    connect_timeout=3,
    read_timeout=10,
    retries={"mode": "standard", "total_max_attempts": 4},
    s3={"us_east_1_regional_endpoint": "regional"},
)
TEXT = Path(__file__).with_name("calls.json").read_text()
CALLS = json.loads(TEXT)[os.environ["CALLS_OF"]]


def client(service: str) -> Any:
    """Return a client. Neptune's has the address of the cluster."""
    url = os.environ["NEPTUNE_ENDPOINT_URL"] if service == "neptunedata" else None
    return boto3.client(service, endpoint_url=url, config=QUICK)  # type: ignore[call-overload]


CLIENTS = {service: client(service) for service in dict.fromkeys(call["service"] for call in CALLS)}


def handler(event: dict[str, Any], _context: object) -> dict[str, int]:
    """Make all calls with the values of the event; return how many there were."""
    text = json.dumps(CALLS)
    for name, value in event["values"].items():
        text = text.replace("{%s}" % name, value)  # noqa: UP031 - the braces are part of the name
    calls = json.loads(text)
    for call in calls:
        answer = getattr(CLIENTS[call["service"]], call["method"])(**call["parameters"])
        if "Body" in answer:
            answer["Body"].read()
    return {"calls": len(calls)}
