"""`parameters.yaml` as text: each parameter under one line that says why it has this value."""

from collections.abc import Iterable, Mapping

import yaml

from cli.configure.choices import Choice
from cli.screen import visible

NEXT = {  # what most people set next, and nothing in the account says
    "NotificationEmail": (
        "graph-team@example.com",
        "gets a message when a job starts or ends, once its owner confirms",
    ),
    "DataProcessingJobId": ("my-processed-graph", "the completed data-processing job of requests that name none"),
    "AlarmTopicArn": ("arn:aws:sns:us-east-1:123456789012:alarms", "your SNS topic for alarms"),
    "ExistingModelBucket": ("my-models", "a bucket that exists; without it, the stack makes one"),
}


def text(heading: str, name: str, choices: Iterable[Choice], kept: Mapping[str, str]) -> str:
    """Return the file. `kept` are parameters of the file that it replaces, which the account says nothing about."""
    lines = [
        f"# {visible(heading)}",
        f"# Deploy: sam build && sam deploy --parameter-overrides file://{visible(name)}",
        "",
    ]
    for each in choices:
        if each.value is None:
            lines += [f"# {each.name}: not known, since it {visible(each.why)}. Set it by hand."]
        else:
            lines += [f"# {visible(each.why)}", line(each.name, each.value)]
    if kept:
        lines += ["", "# from the file that was here before"]
        lines += [line(name, value) for name, value in kept.items()]
    missing = {name: said for name, said in NEXT.items() if name not in kept}
    if missing:
        lines += ["", "# You may want to set these, too; template.yaml describes all parameters."]
        lines += [f"# {line(name, example)}   # {why}" for name, (example, why) in missing.items()]
    return "\n".join(lines) + "\n"


def line(name: str, value: str) -> str:
    """Return one parameter as YAML that reads as text: `CreateNeptuneIngress: 'true'`."""
    return yaml.safe_dump({name: value}, width=10_000, allow_unicode=True).strip()
