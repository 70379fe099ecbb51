"""`doctor --probe`: send a request that cannot start a job, and follow it through the stack.

    put-events ─► bus ─► queue ─► start ─► Neptune: "no such job" ─► TrainingJobs ─► notify ─► TrainingTopic

It names a data-processing job with a random id, so Neptune has none and the request is REJECTED. It costs nothing, and
subscribers get one message. Each hop is a check; those after one that is wrong are not needed.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeVar
from uuid import uuid4

from cli.doctor.findings import Check, Wrong, drifted
from cli.facts.aws import NotCheckable, NotNeeded
from cli.facts.facts import Facts
from neptune_training.aws.dynamodb_items import plain

Found = TypeVar("Found")
EVERY = 1.0  # seconds between two looks
WITHIN = {  # how long a hop may take, in seconds: a cold start; a tick of track; the stream
    "recorded": 60.0,
    "decided": 180.0,
    "announced": 60.0,
}
DETAIL_TYPE = "Neptune ML Training Requested"
NO_SUCH_JOB = "Neptune has no such job"


class Probe:
    """One request and what became of it."""

    def __init__(self, facts: Facts, within: dict[str, float] | None = None) -> None:
        self._facts, self._within = facts, within or WITHIN
        self.id = f"probe-{uuid4().hex}"
        self._began = 0
        self._failed = ""
        self.record: dict[str, Any] | None = None

    @property
    def checks(self) -> tuple[Check, ...]:
        """The hops, in order."""
        hops: dict[str, tuple[str, Callable[[Facts], Iterator[Wrong]]]] = {
            "sent": ("EventBridge takes an event on the stack's bus", self._send),
            "recorded": ("start records it", self._wait_for_record),
            "decided": ("Neptune is asked, and has no such data-processing job", self._wait_for_decision),
            "announced": ("notify announces it", self._wait_for_announcement),
        }
        return tuple(Check(name, "probe", claim, self._unless_failed(look)) for name, (claim, look) in hops.items())

    def _unless_failed(self, look: Callable[[Facts], Iterator[Wrong]]) -> Callable[[Facts], Iterator[Wrong]]:
        def checked(facts: Facts) -> Iterator[Wrong]:
            if self._failed:
                raise NotNeeded(f"{self._failed} comes first")
            try:
                found = list(look(facts))
            except NotCheckable:
                self._failed = "what could not be checked"
                raise
            if found:
                self._failed = "what is wrong before"
            yield from found

        return checked

    def _send(self, facts: Facts) -> Iterator[Wrong]:
        self._began = int(time.time() * 1000)
        entry = {
            "EventBusName": facts.output("EventBus"),
            "Source": "neptune-training.doctor",
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps({"id": self.id, "dataProcessingJobId": self.id}),
        }
        [answer] = facts.aws.ask("events", "put_events", Entries=[entry])["Entries"]
        if "ErrorCode" in answer:
            why = f"EventBridge refuses it: {answer['ErrorCode']} {answer.get('ErrorMessage', '')}"
            yield Wrong("The event was not taken", why, drifted(facts))

    def _wait_for_record(self, facts: Facts) -> Iterator[Wrong]:
        if not self._wait("recorded", self._read):
            yield Wrong(
                f"There is no record {self.id} after {timedelta(seconds=self._within['recorded'])}",
                "Between the bus and the table, the rule, the queue or start does not do its work.",
                f"aws sqs get-queue-attributes --queue-url {facts.output('TrainingQueueUrl')} --attribute-names All; "
                f"aws logs tail {facts.resources.get('StartLogs', '<StartLogs>')} --since 10m",
            )

    def _wait_for_decision(self, _facts: Facts) -> Iterator[Wrong]:
        record = self._wait("decided", lambda: self._read(status="REJECTED")) or self.record or {}
        reasons = "; ".join(f"{each['field']} {each['problem']}" for each in record.get("reasons", []))
        if record.get("status") != "REJECTED":
            waiting = f" for {record['waitingFor']}" if record.get("waitingFor") else ""
            yield Wrong(
                f"The request is {record.get('status')}{waiting}",
                reasons or "Its record gives no reason.",
                "Fix what the other checks find wrong; the request then ends by itself"
                if record.get("status") == "WAITING"
                else f"aws neptunedata cancel-ml-model-training-job --id {self.id}",
            )
        elif NO_SUCH_JOB not in reasons:
            yield Wrong("The request was rejected before Neptune was asked", reasons, "Fix what the reason names")

    def _wait_for_announcement(self, facts: Facts) -> Iterator[Wrong]:
        group = facts.resources.get("NotifyLogs", "")

        def announced() -> bool | None:
            events = facts.aws.pages(  # a page can be empty, and the next one not
                "logs",
                "filter_log_events",
                "events",
                logGroupName=group,
                startTime=self._began,
                filterPattern=f'"{self.id}"',
            )
            lines = (_line(each["message"]) for each in events)
            return (
                any(each.get("message") == "announced" and each.get("status") == "REJECTED" for each in lines) or None
            )

        if not self._wait("announced", announced):
            yield Wrong(
                f"The log of notify does not say that {self.id} was announced",
                "Subscribers get no messages, or late ones.",
                f"aws logs tail {group} --since 10m; the runbook: docs/operate.md#notifyerrorsalarm",
            )

    def _read(self, status: str = "") -> dict[str, Any] | None:
        """Return the record, or None if there is none, or none with this status."""
        answer = self._facts.aws.ask(
            "dynamodb",
            "get_item",
            TableName=self._facts.output("TrainingJobsTable"),
            Key={"jobId": {"S": self.id}},
            ConsistentRead=True,
        )
        if "Item" not in answer:
            return None
        self.record = plain(answer["Item"])
        return self.record if status in ("", self.record["status"]) else None

    def _wait(self, hop: str, look: Callable[[], Found | None]) -> Found | None:
        """Look once a second until there is something, for as long as the hop may take."""
        until = time.monotonic() + self._within[hop]
        while (found := look()) is None and time.monotonic() < until:
            time.sleep(EVERY)
        return found


def _line(message: str) -> dict[str, Any]:
    """Return a line of a function's log as a dict; an empty one if it is not JSON, as some of Lambda's own lines."""
    try:
        line = json.loads(message)
    except ValueError:
        return {}
    return line if isinstance(line, dict) else {}
