"""The AWS and Neptune calls that one training needs on the happy path, each with its reason.

The path: a model with scripts and a configuration is uploaded, there is room, and the first look after the end
shows COMPLETED. `make bench` and `tests/test_needed_calls.py` compare this list with the calls that are made.
"""

from typing import NamedTuple


class Needed(NamedTuple):
    """Hold one call, by the API's name, and why it is needed."""

    operation: str
    reason: str


COMPLETED = "notify, of a job that has COMPLETED"
NEEDED: dict[str, tuple[Needed, ...]] = {
    "start": (
        Needed("UpdateItem", "note the newest upload of this file, so that an older one is superseded"),
        Needed("PutItem", "record the request: from here on it cannot be lost"),
        Needed("GetItem", "is a newer upload of the file known?"),
        Needed("ListObjectsV2", "which files has the model, and are they still being uploaded?"),
        Needed("GetObject", "read training-job.json"),
        Needed("GetObject", "read the configuration"),
        Needed("GetObject", "read the training script"),
        Needed("GetObject", "read the transform script"),
        Needed("GetMLDataProcessingJob", "has the data processing completed?"),
        Needed("GetItem", "is there a slot, and are starts paused?"),
        Needed("Query", "which jobs wait in the queue before this one?"),
        Needed("TransactWriteItems", "claim: status, slot, lease, no pause, no newer upload, all or nothing"),
        Needed("StartMLModelTrainingJob", "start the training"),
        Needed("PutItem", "record the ARN"),
    ),
    "track": (
        Needed("Query", "which jobs are WAITING?"),
        Needed("Query", "which jobs are REQUESTED?"),
        Needed("Query", "which jobs are STARTED?"),
        Needed("Invoke", "hand the jobs that are due to `step`"),
    ),
    "step": (
        Needed("GetItem", "read the record"),
        Needed("PutItem", "postpone the job, so that a step that hangs delays no other job"),
        Needed("GetMLModelTrainingJob", "how is the training?"),
        Needed("TransactWriteItems", "record the end and free the slot, both or neither"),
    ),
    "notify": (Needed("Publish", "announce one change"),),
    COMPLETED: (
        Needed("DescribeHyperParameterTuningJob", "which trial is the best?"),
        Needed("UpdateItem", "write the result into the record"),
        Needed("Publish", "announce the end, with the result"),
    ),
    "emit": (
        Needed("PutEvents", "send one change as an event"),
        Needed("HeadObject", "which status is in the status file?"),
        Needed("PutObject", "write the newer one"),
    ),
}
