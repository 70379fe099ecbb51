"""Record the AWS and Neptune calls that one invocation of each of our functions makes, by botocore's hooks."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3
from botocore import xform_name

import notify
import start
from bench.surroundings import CONTEXT, Surroundings
from neptune_training.announce.batch import announce_each
from neptune_training.flow.pause import Pause
from neptune_training.flow.step import take
from wiring import deadline, tracker

Call = dict[str, Any]
EVENT = "provide-client-params"


def calls_of_each(around: Surroundings) -> dict[str, list[Call]]:
    """Return the calls of each function, with `{id}`, `{sequencer}` and `{table}` in place of what differs."""
    found: dict[str, list[Call]] = {}
    with recording() as calls:  # before the clients are made: each takes the hooks that there are
        variables = around.variables()
        table = variables["TRAINING_JOBS_TABLE"]
        services, track = around.services(variables), tracker(variables)
        notify.sns.cache_clear()

        def keep(function: str, act: Callable[[], Any]) -> Any:
            calls.clear()
            answer = act()
            found[function] = [*calls]
            return answer

        record = around.uploaded()["Records"][0]
        sequencer = json.loads(record["body"])["detail"]["object"]["sequencer"]
        begin = partial(start.begin, services, record["body"], record["messageId"], CONTEXT)
        job_id = keep("start", begin)["jobId"]
        keep("track", lambda: track.tick(deadline(CONTEXT)))
        announcement = changed(around.item(table, job_id))["Records"][0]
        keep("step", lambda: take(services, job_id, deadline(CONTEXT), Pause()))
        keep("notify", lambda: announce_each([announcement], notify.publish))
    text = json.dumps(found)
    for value, name in ((job_id, "{id}"), (sequencer, "{sequencer}"), (table, "{table}")):
        text = text.replace(value, name)
    replaced: dict[str, list[Call]] = json.loads(text)
    return replaced


@contextmanager
def recording() -> Iterator[list[Call]]:
    """Yield a list that gets each call that a client of the default session makes."""
    calls: list[Call] = []

    def note(params: Any, model: Any, **_: Any) -> None:
        service, method = model.service_model.service_name, xform_name(model.name)
        calls.append({"service": service, "method": method, "parameters": json.loads(json.dumps(params))})

    events: Any = boto3._get_default_session().events
    events.register(EVENT, note)
    try:
        yield calls
    finally:
        events.unregister(EVENT, note)


def changed(item: Any) -> dict[str, Any]:
    """Return what the stream delivers after a job was STARTED: the record as it is, and as it was before."""
    before = {**item, "status": {"S": "REQUESTED"}}
    images = {"Keys": {"jobId": item["jobId"]}, "NewImage": item, "OldImage": before}
    return {"Records": [{"eventName": "MODIFY", "eventSource": "aws:dynamodb", "dynamodb": images}]}
