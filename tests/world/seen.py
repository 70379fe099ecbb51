"""What happened in the world, from those who know: DynamoDB, its stream, the topic, Neptune's log."""

import json
from typing import Any

import step
from neptune_training.aws.dynamodb_items import plain
from neptune_training.aws.model_files import STATUS_FILE
from neptune_training.aws.slots import CAPACITY
from neptune_training.flow.services import Services
from neptune_training.model.times import from_text
from tests.world.surroundings import BUCKET, PREFIX, Surroundings


class Seen(Surroundings):
    """Questions, all of them answered without a word of the functions."""

    @property
    def services(self) -> Services:
        return step.services()

    def items(self) -> dict[str, dict[str, Any]]:
        """All items of the table, as DynamoDB has them."""
        with self._moment:
            items = [plain(each.to_json()["Attributes"]) for each in self._table().all_items()]
        return {each["jobId"]: each for each in items}

    def jobs(self) -> dict[str, dict[str, Any]]:
        return {key: each for key, each in self.items().items() if not key.startswith("#")}

    def job(self, job_id: str | None = None) -> dict[str, Any]:
        """The record of `job_id`, or of the only job."""
        jobs = self.jobs()
        if job_id is None:
            [job_id] = jobs
        return jobs[job_id]

    def statuses(self) -> dict[str, str]:
        return {job_id: job["status"] for job_id, job in self.jobs().items()}

    def slots(self) -> set[str]:
        return set(self.items().get(CAPACITY, {}).get("slots", ()))

    def paused_until(self) -> str | None:
        return self.items().get(CAPACITY, {}).get("pausedUntil")

    def stream(self) -> list[dict[str, Any]]:
        """The table's stream since the beginning."""
        self._keep_stream()
        return self._streamed

    def announcements(self) -> list[dict[str, Any]]:
        """Return the messages that a subscriber of the topic has received."""
        return [json.loads(each["default"]) for each in self._published()]

    def status_file(self, name: str = "fraud") -> dict[str, Any] | None:
        """Return the content of the status file in a model's directory; None if there is none."""
        try:
            found = self._s3.get_object(Bucket=BUCKET, Key=f"{PREFIX}{name}/{STATUS_FILE}")
        except self._s3.exceptions.NoSuchKey:
            return None
        content: dict[str, Any] = json.loads(found["Body"].read())
        return content

    def emails(self) -> list[str]:
        """Return the texts that a subscriber by e-mail has received."""
        return [each["email"] for each in self._published()]

    def _published(self) -> list[dict[str, str]]:
        return [json.loads(message) for _, message, *_ in self._topic().sent_notifications]

    def emitted(self) -> list[dict[str, Any]]:
        """Return the details of the events that EventBridge has taken."""
        return [json.loads(entry["Detail"]) for entry in self.events]

    @staticmethod
    def epoch(text: str) -> float:
        """A time of the record as Neptune's log has it."""
        return from_text(text).timestamp()

    def posts(self, job_id: str | None = None) -> int:
        """How often a start of `job_id`, or of any job, reached Neptune."""
        ids = self.neptune.summary()["ids"]
        return sum(counts["posts"] for each, counts in ids.items() if job_id in (None, each))

    def accepted(self) -> dict[str, int]:
        """How often Neptune started each job."""
        ids = self.neptune.summary()["ids"]
        return {job_id: counts["accepted"] for job_id, counts in ids.items() if counts["accepted"]}

    def running(self) -> set[str]:
        """The jobs that Neptune is running."""
        with self.neptune.lock:
            now, jobs = self.clock.epoch(), self.neptune.state.cluster.training
            return {job_id for job_id, job in jobs.items() if not job.ended(now)}
