"""What comes to the world from outside: uploads, events, ticks of a schedule."""

import json
from collections.abc import Mapping
from itertools import count
from typing import Any

from local.model import EXAMPLE, files
from local.neptune_ml import sagemaker_events
from local.neptune_ml.sagemaker import resource
from neptune_training.checks.events import CANCELLATION, CONFIGURATION, DETAIL_TYPE
from tests.world.surroundings import BUCKET, PREFIX, Surroundings

SCHEDULE = "arn:aws:scheduler:us-east-1:123456789012:schedule/default/weekly"
MODEL = {path.name: path.read_bytes() for path in files(EXAMPLE)}


class Triggers(Surroundings):
    """Each of these returns the event that AWS would make of it; nothing is delivered yet."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._uploads, self._events = count(1), count(1)

    def put(self, name: str, contents: Mapping[str, bytes]) -> None:
        """Write files into a model's directory, without an event."""
        for file, content in contents.items():
            self._s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}{name}/{file}", Body=content)

    def remove(self, name: str, file: str) -> None:
        self._s3.delete_object(Bucket=BUCKET, Key=f"{PREFIX}{name}/{file}")

    def uploaded(self, name: str = "fraud", contents: Mapping[str, bytes] = MODEL) -> str:
        """Upload a model, its configuration last, and return the event that S3 makes of that."""
        self.put(name, contents)
        key = f"{PREFIX}{name}/{CONFIGURATION}"
        etag = self._s3.head_object(Bucket=BUCKET, Key=key)["ETag"].strip('"')
        found = {"key": key, "etag": etag, "size": 1, "sequencer": f"{0x6742A1F3C4D5 + next(self._uploads):016X}"}
        detail = {"version": "0", "bucket": {"name": BUCKET}, "object": found, "reason": "PutObject"}
        return self._enveloped("Object Created", "aws.s3", detail)

    def requested(self, **detail: Any) -> str:
        """An event on the stack's bus that asks for a training."""
        return self._enveloped(DETAIL_TYPE, "com.example.features", detail)

    def cancelled(self, job_id: str, **detail: Any) -> str:
        """An event on the stack's bus that cancels a training."""
        return self._enveloped(CANCELLATION, "com.example.people", {"id": job_id, **detail})

    def ticked(self, time: str = "2026-11-24T02:00:00Z", **detail: Any) -> str:
        """A night of a schedule, as its input says it."""
        return json.dumps({"source": "aws.scheduler", "resources": [SCHEDULE], "time": time, "detail": detail})

    def stage_ended(self, job_id: str, stage: str, **detail: Any) -> dict[str, Any]:
        """The event that SageMaker sends when a stage of the job has ended, whether it has or not."""
        sent = sagemaker_events.entry(stage, resource(job_id, stage, "Completed", "s3://trained"))
        said = {"source": "aws.sagemaker", "detail-type": sent["DetailType"], "resources": sent["Resources"]}
        return {**said, "detail": {**json.loads(sent["Detail"]), **detail}}

    def _enveloped(self, detail_type: str, source: str, detail: Mapping[str, Any]) -> str:
        said = {"version": "0", "id": f"event-{next(self._events)}", "detail-type": detail_type, "source": source}
        return json.dumps({**said, "time": self.clock.now().isoformat(), "detail": detail})
