"""Record the AWS and Neptune calls that one invocation of each of our functions makes, by botocore's hooks."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

import boto3
from botocore import xform_name

import emit
import notify
import start
from bench.surroundings import BUCKET, CONTEXT, PREFIX, Surroundings
from neptune_training.announce import status_file
from neptune_training.announce.batch import announce_each
from neptune_training.announce.changes import read
from neptune_training.flow.pause import Pause
from neptune_training.flow.step import take
from track_wiring import tracker
from wiring import deadline

Call = dict[str, Any]
EVENT = "provide-client-params"
CONDITIONS = {"IfMatch", "IfNoneMatch"}


def calls_of_each(around: Surroundings) -> dict[str, list[Call]]:
    """Return the calls of each function, with `{id}`, `{sequencer}` and `{table}` in place of what differs."""
    found: dict[str, list[Call]] = {}
    with recording() as calls:  # before the clients are made: each takes the hooks that there are
        variables = around.variables()
        table = variables["TRAINING_JOBS_TABLE"]
        services, track = around.services(variables), tracker(variables)
        for client in (notify.sns, emit.events, emit.s3):
            client.cache_clear()

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
        item = around.item(table, job_id)
        announcement = changed(item)["Records"][0]
        keep("step", lambda: take(services, job_id, deadline(CONTEXT), Pause()))
        keep("notify", lambda: announce_each([announcement], notify.publish))
        keep("emit", lambda: emitted(read(item)))
    text = json.dumps(found)
    for value, name in ((job_id, "{id}"), (sequencer, "{sequencer}"), (table, "{table}")):
        text = text.replace(value, name)
    replaced: dict[str, list[Call]] = json.loads(text)
    return replaced


def emitted(job: Mapping[str, Any]) -> None:
    """Send the event and write the file of one change, as `emit` does."""
    emit.send_event(job)
    file = status_file.location_of(job, BUCKET, PREFIX)
    emit.write_files({file: job} if file else {}, CONTEXT)


@contextmanager
def recording() -> Iterator[list[Call]]:
    """Yield a list that gets each call that a client of the default session makes."""
    calls: list[Call] = []

    def note(params: Any, model: Any, **_: Any) -> None:
        service, method = model.service_model.service_name, xform_name(model.name)
        parameters = json.loads(json.dumps(params, default=bytes.decode))
        if model.name == "PutObject":  # its condition holds once, and the call is made many times
            parameters = {name: value for name, value in parameters.items() if name not in CONDITIONS}
        calls.append({"service": service, "method": method, "parameters": parameters})

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
