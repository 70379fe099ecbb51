"""Train one model with `start` and `step` in the VPC, and say in JSON what was announced and what could be reached.

unshare --map-root-user --net --mount python -m tests.network
"""

import json
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from local.model import EXAMPLE, upload
from local.neptune_ml import NeptuneML
from local.stack import REGION, Stack
from local.web_page_guard import FURTHER_NAMES
from tests.certificates import certificate
from tests.network import vpc
from tests.network.gateway import gateways
from tests.network.vpc import DYNAMODB, HERE, NEPTUNE, NEPTUNE_NAME, S3, Functions

WITHIN = 60.0
REACHABLE = (f"{S3}:443", f"{DYNAMODB}:443", f"{NEPTUNE}:8182")
OTHERS = ("sqs.us-east-1.amazonaws.com:443", "169.254.169.254:80", "1.1.1.1:443", f"{HERE}:443")


def main(folder: Path) -> None:
    vpc.lay_cable()
    chain, key = certificate(folder, *(name for names in vpc.NAMES.values() for name in names))
    os.environ[FURTHER_NAMES] = " ".join(name.removeprefix("*") for names in vpc.NAMES.values() for name in names)
    neptune = NeptuneML(host=NEPTUNE, port=8182, certificate=chain, key=key, stage_seconds=0.3, check_signature=True)
    with Stack(neptune=neptune) as stack:
        neptune.access_key, neptune.secret_key = stack.credentials.access_key, stack.credentials.secret_key
        leave_start_and_step_to_the_vpc(stack)
        vpc.name_addresses(folder, stack.outputs["ModelBucket"])
        with (
            gateways([S3, DYNAMODB], stack.url, (chain, key)),
            vpc.functions({**deployed(stack), "AWS_CA_BUNDLE": str(chain)}) as functions,
        ):
            train(stack, functions)
            reached = {address: functions.reach(address) for address in (*REACHABLE, *OTHERS)}
        json.dump({"announcements": [message for _, message in stack.announcements], "reached": reached}, sys.stdout)


def leave_start_and_step_to_the_vpc(stack: Stack) -> None:
    """The emulator runs `notify` and all else; its own `start` gets no messages and its own `step` may not run."""
    functions = stack.client("lambda")
    functions.put_function_concurrency(FunctionName=stack.outputs["StepFunction"], ReservedConcurrentExecutions=0)
    (mapping,) = functions.list_event_source_mappings(FunctionName=stack.outputs["StartFunction"])[
        "EventSourceMappings"
    ]
    functions.delete_event_source_mapping(UUID=mapping["UUID"])


def deployed(stack: Stack) -> dict[str, str]:
    """The variables that the template gives `start`, without what only the emulator needs."""
    configuration = stack.client("lambda").get_function_configuration(FunctionName=stack.outputs["StartFunction"])
    variables = {name: value for name, value in configuration["Environment"]["Variables"].items() if value}
    del variables["AWS_ENDPOINT_URL"]
    by_lambda = {**stack.credentials.variables, "AWS_DEFAULT_REGION": REGION}
    return {**variables, **by_lambda, "NEPTUNE_ENDPOINT_URL": f"https://{NEPTUNE_NAME}:8182"}


def train(stack: Stack, functions: Functions) -> None:
    """From the upload to the announcement of the end. Lambda's poller is outside the VPC, and so is this one."""
    upload(stack.client("s3"), EXAMPLE, stack.outputs["ModelBucket"], f"{stack.outputs['ModelPrefix']}example/")
    functions.invoke("start", {"Records": [message(stack)]})
    until = time.monotonic() + WITHIN
    while not any(each["status"] == "COMPLETED" for _, each in stack.announcements):
        assert time.monotonic() < until, stack.announcements
        functions.invoke("step", {"jobIds": [each["jobId"] for each in stack.records()]})
        time.sleep(0.5)


def message(stack: Stack) -> dict[str, Any]:
    """What Lambda makes of the message in the queue."""
    sqs, url = stack.client("sqs"), stack.outputs["TrainingQueueUrl"]
    (found,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10)["Messages"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    return {"messageId": found["MessageId"], "body": found["Body"], "eventSource": "aws:sqs"}


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        main(Path(made))
