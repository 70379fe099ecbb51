"""SQS as far as triggers know it: at least once, in any order, and five times at most."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.world import template


@dataclass
class Message:
    """A message and how often it was received."""

    id: str
    body: str
    visible_at: datetime
    receives: int = 0


@dataclass
class Queue:
    """TrainingQueue, with the template's own visibility timeout and maxReceiveCount."""

    now: Callable[[], datetime]
    messages: list[Message] = field(default_factory=list)
    dead: list[Message] = field(default_factory=list)
    sent: int = 0

    def __post_init__(self) -> None:
        said = template.resource_of("TrainingQueue")
        self.invisible = timedelta(seconds=said["VisibilityTimeout"])
        self.most = said["RedrivePolicy"]["maxReceiveCount"]

    def send(self, body: str) -> Message:
        self.sent += 1
        message = Message(f"message-{self.sent}", body, self.now())
        self.messages.append(message)
        return message

    def visible(self) -> list[Message]:
        """What can be received now; what was received too often goes to the dead letters."""
        now = self.now()
        tired = [each for each in self.messages if each.visible_at <= now and each.receives >= self.most]
        self.dead += tired
        self.messages = [each for each in self.messages if each not in tired]
        return [each for each in self.messages if each.visible_at <= now]

    def receive(self, message: Message) -> None:
        message.receives += 1
        message.visible_at = self.now() + self.invisible

    def delete(self, message: Message) -> None:
        """The handler returned."""
        self.messages = [each for each in self.messages if each is not message]

    def redrive(self) -> None:
        """Send the dead letters back, as StartMessageMoveTask does."""
        for letter in self.dead:
            self.send(letter.body)
        self.dead.clear()
