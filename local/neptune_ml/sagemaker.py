"""Make names, ARNs and log addresses of SageMaker jobs, in the form in which Neptune shows them."""

from hashlib import sha256
from typing import Final, NamedTuple, NotRequired, TypedDict

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"

# Stage of a training job → the member of Neptune's answer that describes it, in the order in which they run.
STAGES: Final = {"processing": "processingJob", "hpo": "hpoJob", "transform": "modelTransformJob"}


class Kind(NamedTuple):
    """Name a kind of SageMaker job, in each of the forms that AWS uses.

    Attributes:
        arn: In ARNs: `processing-job`.
        log_group: After `/aws/sagemaker/`, in the name of the log group: `ProcessingJobs`.
        event: In the detail-type of its events, `SageMaker Processing Job State Change`: `Processing`.
        field: At the beginning of the names of its fields, such as `ProcessingJobName`: `ProcessingJob`.
    """

    arn: str
    log_group: str
    event: str
    field: str


PROCESSING: Final = Kind("processing-job", "ProcessingJobs", "Processing", "ProcessingJob")
TUNING: Final = Kind(
    "hyper-parameter-tuning-job", "TrainingJobs", "HyperParameter Tuning", "HyperParameterTuningJob"
)  # the log group is that of its trials
KINDS: Final = {"processing": PROCESSING, "hpo": TUNING, "transform": PROCESSING}  # by stage


class Resource(TypedDict):
    """The service model's MlResourceDefinition."""

    name: str
    arn: str
    status: str
    outputLocation: str
    cloudwatchLogUrl: str
    failureReason: NotRequired[str]


def resource(job_id: str, stage: str, status: str, output: str) -> Resource:
    """Describe the SageMaker job that runs one `stage` of the Neptune job `job_id`, writing below `output`."""
    kind = KINDS[stage]
    name = _name(job_id, stage)
    return {
        "name": name,
        "arn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind.arn}/{name}",
        "status": status,
        "outputLocation": f"{output.rstrip('/')}/{job_id}/{stage}",
        "cloudwatchLogUrl": f"https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}"
        f"#logStream:group=/aws/sagemaker/{kind.log_group};prefix={name}",
    }


def model(job_id: str) -> dict[str, str]:
    """Describe the model that a completed training job leaves."""
    name = _name(job_id, "model")
    return {"name": name, "arn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model/{name}"}


def training_arn(job_id: str) -> str:
    """Return the ARN that StartMLModelTrainingJob answers with."""
    return f"arn:aws:neptune-db:{REGION}:{ACCOUNT}:cluster-LOCALNEPTUNEML/ml/modeltraining/{job_id}"


def _name(job_id: str, role: str) -> str:
    # SageMaker allows a tuning job's name 32 characters, fewer than Neptune allows an id. It begins with the first 8
    # characters of the id (assumed, from two captured names).
    return f"{job_id[:8]}-{role}-{sha256(job_id.encode()).hexdigest()[:12]}"
