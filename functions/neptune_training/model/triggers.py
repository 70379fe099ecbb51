"""Triggers: the upload, event or schedule run that asks for a training, or the event that cancels one.

The parameters that a trigger can set depend on its kind. Code that depends on the kind uses `match` and `assert_never`.
So mypy reports each place that does not handle a new kind, and a new kind has no permissions by default.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class TriggerKind(StrEnum):
    """Name what asked for the training, or cancelled it.

    UNKNOWN: the event cannot be read, or only a newer release knows its kind.
    """

    UPLOAD = "upload"
    EVENT = "event"
    SCHEDULE = "schedule"
    CANCELLATION = "cancellation"
    UNKNOWN = "unknown"


class Trigger(BaseModel):
    """Hold what asked for the training.

    Attributes:
        stored_kind: The kind as the record has it. It is written back unchanged, even if this release does not know it.
        identity: The same for every delivery of this trigger, and different for every other trigger.
        time: When the event happened, as its sender wrote it (ISO 8601).
        etag, versionId, sequencer: Of the uploaded object, as S3's event has them.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="allow", serialize_by_alias=True)

    stored_kind: str = Field(alias="kind")
    identity: str
    source: str | None = None
    eventId: str | None = None
    time: str | None = None
    bucket: str | None = None
    key: str | None = None
    etag: str | None = None
    versionId: str | None = None
    sequencer: str | None = None

    @property
    def kind(self) -> TriggerKind:
        """Return the kind; UNKNOWN for one that this release does not know."""
        return TriggerKind(self.stored_kind) if self.stored_kind in tuple(TriggerKind) else TriggerKind.UNKNOWN

    @property
    def directory(self) -> str:
        """Return the key of the uploaded file without its name, such as `models/fraud/`."""
        return (self.key or "").rpartition("/")[0] + "/"
