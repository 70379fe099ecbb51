"""The four designs, each deployed to the AWS emulator from its own template."""

import json
import shutil
import time
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Self

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as Key

from bench import programs
from build_artefact import bytecode
from local import run_folders
from local.artefact import KEPT, ROOT, files_in, pack
from local.emulator import Credentials, emulator, stay_on_this_machine
from local.neptune_ml import COMPLETED_DATA_PROCESSING_JOB, NeptuneML
from local.stack import REGION, Stack

HERE = Path(__file__).parent
MODULE = "bench.burst.counting_ministack"
VISIBILITY_SECONDS = "20"  # in every queue; a template's is for a function that may take minutes
CALLED = ("dynamodb", "lambda", "neptunedata", "sns")  # the services that a rival's functions call

Front = Callable[[str], str]


class Design(ABC):
    """One design, as a context manager: deployed inside the `with`."""

    name: ClassVar[str]
    follows: ClassVar[bool] = True  # each training to its end
    silence: ClassVar[float] = 60.0  # seconds without a job that starts or ends: then nothing more is expected
    sqs_requests: ClassVar[int] = 0  # for each upload: sent, received, deleted
    sources: ClassVar[tuple[Path, ...]]

    def __init__(self, neptune: NeptuneML, front: Front) -> None:
        self.neptune, self._front = neptune, front

    @abstractmethod
    def __enter__(self) -> Self: ...

    @abstractmethod
    def __exit__(self, *error: Any) -> None: ...

    @abstractmethod
    def client(self, service: str) -> Any:
        """Return a boto3 client."""

    @property
    @abstractmethod
    def place(self) -> tuple[str, str]:
        """Return the bucket and the prefix for uploads."""

    @abstractmethod
    def again(self, event: str) -> None:
        """Deliver an event once more, as EventBridge may do."""

    @classmethod
    def lines(cls) -> int:
        """Return how many lines of code and template the design has, without blank lines and comments."""
        return sum(1 for path in cls.sources for line in path.read_text().splitlines() if is_code(line))


def is_code(line: str) -> bool:
    """Return False for a blank line or a comment. Docstrings count."""
    return bool(line.strip()) and not line.strip().startswith("#")


class Ours(Design):
    """This application."""

    name, sqs_requests = "this application", 3
    sources = (*sorted((ROOT / "functions").rglob("*.py")), ROOT / "template.yaml")
    sources = tuple(path for path in sources if "build_artefact" not in path.parts)
    tick_seconds = 1.0
    parameters: ClassVar[dict[str, str]] = {"MaxConcurrentTrainingJobs": "500", "NeptuneReadTimeoutSeconds": "5"}

    def __enter__(self) -> Self:
        self._stack = Stack(
            self.parameters, self.neptune, self._front, emulator_module=MODULE, tick_seconds=self.tick_seconds
        ).__enter__()
        self.client("sqs").set_queue_attributes(
            QueueUrl=self._stack.outputs["TrainingQueueUrl"], Attributes={"VisibilityTimeout": VISIBILITY_SECONDS}
        )
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        return self._stack.client(service)

    @property
    def place(self) -> tuple[str, str]:
        """Return the bucket and the prefix for uploads."""
        return self._stack.outputs["ModelBucket"], self._stack.outputs["ModelPrefix"]

    def again(self, event: str) -> None:
        """Deliver an event once more."""
        self.client("sqs").send_message(QueueUrl=self._stack.outputs["TrainingQueueUrl"], MessageBody=event)


class OursEachMinute(Ours):
    """This application as it is deployed: `track` runs each minute. Only SettleSeconds is 0."""

    name = "this application, a tick each minute"
    tick_seconds = 60.0
    silence = 200.0
    parameters: ClassVar[dict[str, str]] = {
        **Ours.parameters,
        "FilesGraceSeconds": "900",
        "StatusCheckSeconds": "60",
        "CapacityProbeSeconds": "50",
        "LeaseSlackSeconds": "120",
        "NeptuneReadTimeoutSeconds": "20",
    }


class Rival(Design):
    """A design that is deployed from a template beside this file."""

    folder: ClassVar[str]
    code: ClassVar[Path]
    parameters: ClassVar[dict[str, str]] = {"RetrySeconds": "1", "PollSeconds": "5"}

    def __enter__(self) -> Self:
        stay_on_this_machine()
        KEPT.mkdir(exist_ok=True)
        self._credentials = Credentials()
        with ExitStack() as starting:
            folder = starting.enter_context(run_folders.run_folder(KEPT, run_folders.ON_DISK))
            self._url = starting.enter_context(emulator(folder / "ministack.log", self._credentials, 0, MODULE))
            starting.enter_context(self.neptune)
            self.outputs = self._deploy()
            self._exit = starting.pop_all()
        return self

    def __exit__(self, *error: Any) -> None:
        self._exit.__exit__(*error)

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self._url,
            region_name=REGION,
            config=Config(retries={"mode": "standard", "total_max_attempts": 5}),
            aws_access_key_id=self._credentials.access_key,
            aws_secret_access_key=self._credentials.secret_key,
        )

    @property
    def place(self) -> tuple[str, str]:
        """Return the bucket and the prefix for uploads."""
        return self.outputs["Bucket"], "models/"

    @classmethod
    def packages(cls) -> Path:
        """Return a folder with the Python packages that the design needs, compiled."""
        return programs.packages(compiled=True)

    def _deploy(self) -> dict[str, str]:
        """Upload code and template, create the stack, wait for it."""
        s3, cloudformation = self.client("s3"), self.client("cloudformation")
        s3.create_bucket(Bucket="artefacts")
        s3.upload_file(str(zipped(self.code, self.packages())), "artefacts", "code.zip")
        text = (HERE / self.folder / "template.yaml").read_text()
        text = text.replace("CodeUri: ./", "CodeUri: s3://artefacts/code.zip")
        s3.put_object(Bucket="artefacts", Key="template.yaml", Body=text.encode())
        parameters = {
            "NeptuneEndpointUrl": self.neptune.url,
            "DataProcessingJobId": COMPLETED_DATA_PROCESSING_JOB,
            "AwsEndpointUrl": self._front(self._url),
            **self.parameters,
        }
        cloudformation.create_stack(
            StackName="rival",
            TemplateURL=f"{self._url}/artefacts/template.yaml",
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
        )
        while (stack := cloudformation.describe_stacks(StackName="rival")["Stacks"][0])["StackStatus"].endswith(
            "PROGRESS"
        ):
            time.sleep(0.05)
        if stack["StackStatus"] != "CREATE_COMPLETE":
            raise RuntimeError(f"{self.name} is {stack['StackStatus']}: {stack.get('StackStatusReason')}")
        return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


class UsualWay(Rival):
    """One function behind a queue, with Powertools."""

    name, folder, follows, sqs_requests = "the usual way", "usual_way", False, 3
    code = HERE.parent / "usual_way" / "start.py"
    sources = (code, HERE / "usual_way" / "template.yaml")
    parameters: ClassVar[dict[str, str]] = {"VisibilityTimeout": VISIBILITY_SECONDS}

    def again(self, event: str) -> None:
        """Deliver an event once more."""
        self.client("sqs").send_message(QueueUrl=self.outputs["Queue"], MessageBody=event)


class StepFunctions(Rival):
    """A state machine for each upload."""

    name, folder = "Step Functions", "step_functions"
    code = HERE / "step_functions" / "neptune.py"
    sources = (code, HERE / "step_functions" / "template.yaml")

    def again(self, event: str) -> None:
        """Deliver an event once more."""
        self.client("stepfunctions").start_execution(stateMachineArn=self.outputs["StateMachine"], input=event)


class DurableFunctions(Rival):
    """A durable execution for each upload."""

    name, folder = "Lambda durable functions", "durable"
    code = HERE / "durable" / "training.py"
    sources = (code, HERE / "durable" / "template.yaml")

    @classmethod
    def packages(cls) -> Path:
        """Return a folder with the Python packages that the design needs, compiled."""
        (installed,) = (KEPT / "durable" / "lib").glob("python3*/site-packages")
        return installed

    def _deploy(self) -> dict[str, str]:
        """Deploy it, and set the emulator's own field for a durable function, which boto3 does not know."""
        outputs = super()._deploy()
        url = f"{self._url}/2015-03-31/functions/{outputs['Function']}/configuration"
        body = json.dumps({"DurableConfig": {"Enabled": True}}).encode()
        asked = AWSRequest("PUT", url, {"Content-Type": "application/json"}, body)
        key = Key(self._credentials.access_key, self._credentials.secret_key)
        SigV4Auth(key, "lambda", REGION).add_auth(asked)
        urllib.request.urlopen(urllib.request.Request(url, body, dict(asked.headers), method="PUT")).close()
        return outputs

    def again(self, event: str) -> None:
        """Deliver an event once more."""
        self.client("lambda").invoke(FunctionName=self.outputs["Function"], InvocationType="Event", Payload=event)


def zipped(code: Path, packages: Path) -> Path:
    """Return a zip of the code and its packages, with no service model of botocore that the rivals do not use.

    An author would deploy them all. Here each process unpacks the zip, which on Lambda none does.
    """
    target = KEPT / f"bench-burst-{code.stem}.zip"
    with TemporaryDirectory(dir=KEPT) as temporary:
        folder = Path(temporary) / "code"
        shutil.copytree(packages, folder, ignore=left_out)
        shutil.copy(code, folder)
        bytecode.compile_packages(folder)
        part = Path(temporary) / target.name
        pack(part, files_in(folder))
        part.replace(target)
    return target


def left_out(folder: str, names: list[str]) -> list[str]:
    """Return what is not copied from a folder of packages."""
    tools = [name for name in names if name.startswith(("pip", "setuptools", "wheel")) or name == "__pycache__"]
    if folder.endswith("botocore/data"):
        return [name for name in names if "." not in name and name not in CALLED]
    return tools
