"""Triggers: the upload, event or schedule run that asks for a training.

What a trigger can set depends on its kind. Each place that decides by the kind does so with `match` and `assert_never`:
a new kind turns mypy red there, and has no permissions until somebody grants them by name.
"""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field


class TriggerKind(StrEnum):
    """Name what asked. UNKNOWN: an event that cannot be read, or a kind that only a later version knows."""

    UPLOAD = "upload"
    EVENT = "event"
    SCHEDULE = "schedule"
    UNKNOWN = "unknown"


class Trigger(BaseModel):
    """Hold what asked for the training. `identity` is the same for every delivery of it and for nothing else.

    `stored_kind` is the kind as the record has it: it is written back unchanged, also if this version does not know it.
    """

    model_config = ConfigDict(frozen=True, extra="allow", serialize_by_alias=True)

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
        """Return the kind; UNKNOWN for one that this version does not know."""
        return TriggerKind(self.stored_kind) if self.stored_kind in tuple(TriggerKind) else TriggerKind.UNKNOWN

    @property
    def directory(self) -> str:
        """Return the key of the uploaded file without its name, such as `models/fraud/`."""
        return (self.key or "").rpartition("/")[0] + "/"
