"""Print the end of `make run`: the result, where to read more, and what to do next."""

import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.screen import say, say_json
from local import last_run
from local.artefact import ROOT
from local.course import COLOURS
from local.model import EXAMPLE
from neptune_training.model.result_words import in_words

SAID = {
    "COMPLETED": "the training has ended well",
    "FAILED": "the training has failed",
    "STOPPED": "the training was stopped",
    "REJECTED": "the request is wrong, so nothing was trained",
    "SUPERSEDED": "a newer upload is trained instead",
}


@dataclass(frozen=True)
class Report:
    """Hold the job's record and last message, the model's directory, and how long it took.

    `seconds` is the time of the whole run, `announced` that from the upload to the message with the ARN, if one came.
    """

    record: dict[str, Any]
    message: dict[str, Any]
    model: Path
    seconds: float
    announced: float | None

    def show(self) -> None:
        """Print it; with VERBOSE=1, the record and the message before it."""
        if os.environ.get("VERBOSE"):
            self._show_json()
        say()
        status = self.message["status"]
        self._show_problems()
        say((status, f"bold {COLOURS.get(status, '')}"), (f"  {SAID.get(status, '')}", "bold"))
        for name, text in self._facts():
            say((f"  {name:<9}", "dim"), text)
        say()
        say(("What to do next", "bold"))
        for command, purpose in self._next():
            say(f"  {command:<46}  ", (purpose, "dim"))

    def _show_problems(self) -> None:
        """Print what has to be fixed, what is worth knowing, and the log of what failed."""
        for kind, colour in (("reasons", "red"), ("warnings", "yellow")):
            for each in self.message.get(kind, []):
                value = f" (value: {each['value']})" if each.get("value") is not None else ""
                say((each["field"], f"bold {colour}"), (f": {each['problem']}{value}", colour))
                say(f"  {each['remedy']}")
        if self._failed_log():
            for line in in_words(self.record["result"]):
                say((line, "dim"))
        if self._failed_log() or self.message.get("reasons") or self.message.get("warnings"):
            say()

    def _result(self) -> list[tuple[str, str]]:
        """Return the best trial, which local Neptune ML makes up."""
        lines = [] if self._failed_log() else [*in_words(self.record.get("result", {}))]
        if lines:
            lines.append("made up, since local Neptune ML trains nothing")
        return [("" if number else "result", line) for number, line in enumerate(lines)]

    def _failed_log(self) -> bool:
        """Return True if the record has the log of what failed."""
        return "log" in self.record.get("result", {})

    def _facts(self) -> list[tuple[str, str]]:
        """Return what was trained, how long it took, and where to read more."""
        asked = self.record.get("request", {})
        trials = asked.get("maxHPONumberOfTrainingJobs")
        trained = f"{shown(self.model)}, as job {self.message['jobId']}"
        if trials and self.message.get("arn"):
            trained += f": up to {trials} trials on {asked.get('trainingInstanceType')}"
        time = f"{self.seconds:.1f} s in all"
        if self.announced:
            time += f"; {self.announced:.2f} s from the upload to the SNS message with the ARN"
        folder = shown(last_run.FOLDER)
        return [
            ("model", trained),
            *self._result(),
            ("time", time),
            ("record", f"{folder}/record.json, as DynamoDB had it"),
            ("message", f"{folder}/message.json, the last one that a subscriber got"),
            ("logs", f"{folder}/functions.log and {folder}/ministack.log"),
        ]

    def _next(self) -> list[tuple[str, str]]:
        """Return commands to go on with, and what each is for."""
        own = "path/to/model-directory" if self.model == EXAMPLE else shlex.quote(shown(self.model))
        if self.message["status"] == "COMPLETED" and self.model != EXAMPLE:
            directory = shlex.quote(f"{self.model.resolve().name}/")
            return [
                ("make up", "leave the stack running; then, in another terminal:"),
                (". .local/env", "join it"),
                (f'aws s3 cp --recursive {own} "s3://$MODEL_BUCKET/$MODEL_PREFIX"{directory}', "upload the model"),
                ("docs/triggers.md", "other ways to start a training, and cancel one"),
                ("docs/deploy.md", "deploy it to your account"),
            ]
        check = f"make check-model MODEL={own}"
        if self.message["status"] == "REJECTED":
            return [
                (check, "fix the problems above, and check again, in a second"),
                (f"make run MODEL={own}", "train it"),
            ]
        return [
            (check, "check your own model"),
            (f"make run MODEL={own}", "train it here"),
            ("make up", "leave it running, for any AWS client"),
            ("docs/deploy.md", "deploy it to your account"),
        ]

    def _show_json(self) -> None:
        say()
        say(("The record in DynamoDB", "bold"))
        say_json(self.record)
        say()
        say(("The last SNS message, as a subscriber got it", "bold"))
        say_json(self.message)


def shown(path: Path) -> str:
    """Return a path as people write it: relative to the project's folder if it is there."""
    whole = path.absolute()
    return str(whole.relative_to(ROOT)) if whole.is_relative_to(ROOT) else str(path)
