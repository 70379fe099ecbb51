"""The parsers: what people write and upload, read as the functions read it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from cli import check
from local.model import EXAMPLE
from neptune_training.aws import model_files
from neptune_training.aws.model_files import Directory, File
from neptune_training.checks import events, hpo, json_documents, requirements, scripts
from neptune_training.checks.events import CONFIGURATION, Unreadable
from neptune_training.checks.model_directory import TRAINING_JOB, Preparation, Prepared
from neptune_training.model import new_jobs
from neptune_training.model.problems import CheckResult, Invalid
from neptune_training.model.triggers import Trigger
from tests.fuzz.mutations import bent, lines, texts
from tests.fuzz.target import Target, outcome_of
from tests.fuzz.values import NAMES, values

MODEL = {path.name: path.read_bytes() for path in EXAMPLE.iterdir() if path.is_file()}
DOCUMENT = json.loads(MODEL[CONFIGURATION])
REQUEST = {
    "id": "my-job",
    "dataProcessingJobId": "local-data-processing",
    "previousModelTrainingJobId": "LATEST",
    "trainModelS3Location": "s3://models-bucket/trained/x",
    "sagemakerIamRoleArn": "arn:aws:iam::123456789012:role/sagemaker",
    "trainingInstanceType": "ml.g5.2xlarge",
    "trainingInstanceVolumeSizeInGB": 100,
    "trainingTimeOutInSeconds": 3600,
    "maxHPONumberOfTrainingJobs": 12,
    "maxHPOParallelTrainingJobs": 2,
    "subnets": ["subnet-1a"],
    "securityGroupIds": ["sg-1a"],
    "volumeEncryptionKMSKey": "alias/a",
    "enableManagedSpotTraining": False,
    "customModelTrainingParameters": {
        "sourceS3DirectoryPath": "s3://models-bucket/models/fraud/",
        "trainingEntryPointScript": "training.py",
        "transformEntryPointScript": "transform.py",
    },
}
UPLOADERS = {name: REQUEST[name] for name in ("dataProcessingJobId", "maxHPONumberOfTrainingJobs")} | {
    "$schema": "https://example.com/training-job.schema.json",
    "customModelTrainingParameters": {"trainingEntryPointScript": "training.py"},
}
SCRIPT = [
    b"x=1;",
    b"a\n",
    b"(",
    b"-",
    b"not ",
    b".a",
    b"a<",
    b"1,",
    b"{1:",
    b"f(",
    b"()",
    b"lambda:",
    b"if 1:\n ",
    b'f"{a}"',
    b"f'{a=}",
    b'"""',
    b"\\",
    b"\t x",
    b"# coding: rot13",
    b"# coding: utf-7",
    b"# coding: undefined",
    b"\xff\xfe",
    b"\0",
    b"'\\d'",
    b"9" * 5_000,
    b"match x:\n case [",
    b"p = ArgumentParser()\n",
    b"p.add_argument('--x')\n",
    b"p.add_argument(",
    b"p.parse_args()\n",
]
BOMBS = [  # valid, and of a size that is checked; each takes hundreds of megabytes to parse, or more
    b"import a" + b".a" * 22_000,
    b"import a" + b".a" * 65_000,
    b"def f(" + b"a," * 60_000 + b"): pass",
]
REQUIREMENTS = [
    b"torch>=2",
    b"numpy>=1.16.*",
    b"wheels/x.whl[a] ; b",
    b"\t# c",
    b"\\\r",
    b"a==1,",
    b"a[b,c]; os_name == 'a' and ",
    b"a;(",
    b"a @ https://example.com/a.whl",
    b"a==1.",
    b"===",
    b"~=1.0",
    b"-r other.txt",
    b"--hash=sha256:0",
    b"a \\",
    b"; extra == ''",
    b"a<",
    b"!",
]


@dataclass
class Folder:
    """Files without a place: what `Preparation` reads them from."""

    contents: Mapping[str, bytes]

    def listing(self) -> Directory:
        """What S3 would list."""
        now = datetime.now(UTC)
        files = {name: File(name, "e", len(content), now) for name, content in self.contents.items()}
        return Directory("models-bucket", "models/fraud/", files, len(files) <= model_files.MAX_FILES)

    def read(self, _directory: Directory, name: str) -> bytes:
        """Read one file. Raises `TooLarge`."""
        if len(self.contents[name]) > model_files.MAX_BYTES:
            raise model_files.TooLarge(name)
        return self.contents[name]


def preparation_of(kind: str, asked: Any, contents: Mapping[str, bytes]) -> Prepared:
    """All that is looked at before a claim, without S3 and Neptune."""
    folder, now = Folder(contents), datetime.now(UTC)
    trigger = Trigger(kind=kind, identity="fuzz", bucket="models-bucket", key=f"models/fraud/{CONFIGURATION}")
    asked = asked if isinstance(asked, dict) else {}
    job = new_jobs.new(trigger, {**asked, "id": "my-job"}, now, first_step_by=now, give_up=now - now)
    return Preparation(folder, check.settings("default")).prepare(job, folder.listing())


def prepare(kind: str, asked: Any, contents: Mapping[str, bytes]) -> str:
    """The outcome of that."""
    prepared = preparation_of(kind, asked, contents)
    return outcome_of([*prepared.problems, *prepared.missing, *prepared.warnings])


def parsed(raw: bytes) -> CheckResult:
    """What is said of a script."""
    return scripts.check_parsed(scripts.parse({"training.py": raw}))


def outcome_of_check(found: CheckResult) -> str:
    """What was found in a file."""
    return outcome_of([*found.problems, *found.warnings])


def check_hyperparameters(document: Any) -> str:
    """A document that JSON's own checks let pass."""
    return outcome_of(hpo.check(document, max_hpo_jobs=12).warnings)


def read_event(body: str) -> str:
    """From what arrives to what asked for it."""
    return events.read(body, "message").trigger.kind


def in_python(document: Any) -> Any:
    """A document as JSON would give it, or nothing where it could not."""
    try:
        return json_documents.read(json.dumps(document).encode(), "document")
    except Invalid:
        return None


def files() -> st.SearchStrategy[dict[str, bytes]]:
    """A model's files: some missing, some bent, some with names that nobody gives."""
    contents = {
        CONFIGURATION: texts(DOCUMENT),
        TRAINING_JOB: texts(UPLOADERS),
        "training.py": st.just(MODEL["training.py"]) | python(),
        "transform.py": st.just(MODEL["transform.py"]) | st.just(b"!" * 2_000_000),
        "requirements.txt": requirement_lines(),
        **{f"{name}.py": st.binary(max_size=9) for name in NAMES},
    }
    return st.fixed_dictionaries({CONFIGURATION: contents.pop(CONFIGURATION)}, optional=contents)


def python() -> st.SearchStrategy[bytes]:
    """Scripts, more or less."""
    return st.one_of(lines(MODEL["training.py"], SCRIPT), st.sampled_from(BOMBS))


def requirement_lines() -> st.SearchStrategy[bytes]:
    """Requirements, more or less."""
    return lines(b"", REQUIREMENTS)


def checked(raws: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """As much of it as is looked into."""
    return raws.map(lambda raw: raw[: scripts.MAX_CHECKED_BYTES])


def targets(events: list[Any]) -> list[Target]:
    """All parsers. `events` are valid ones."""
    event = st.one_of(*map(texts, events)).map(lambda raw: raw.decode(errors="replace"))
    surrogates = st.one_of(*map(bent, events)).map(lambda each: json.dumps(each, ensure_ascii=False))
    return [
        Target("documents", texts(DOCUMENT), lambda raw: type(json_documents.read(raw, "file")).__name__, (Invalid,)),
        Target("hpo", (bent(DOCUMENT) | values()).map(in_python), check_hyperparameters, (Invalid,)),
        Target("triggers", event | surrogates, read_event, (Unreadable,)),
        Target("uploads", files(), lambda contents: prepare("upload", {}, contents)),
        Target("requests", bent(REQUEST).map(in_python), lambda asked: prepare("event", asked, MODEL)),
        Target("scripts", checked(python()), lambda raw: outcome_of_check(parsed(raw))),
        Target("requirements", checked(requirement_lines()), lambda raw: outcome_of_check(requirements.check(raw))),
    ]
