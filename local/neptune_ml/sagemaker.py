"""Make names, ARNs and log addresses of SageMaker jobs, in the form in which Neptune shows them."""

from hashlib import sha256
from typing import Final, NotRequired, TypedDict

REGION: Final = "us-east-1"
ACCOUNT: Final = "000000000000"

# Stage of a training job → the member of Neptune's answer that describes it, in the order in which they run.
STAGES: Final = {"processing": "processingJob", "hpo": "hpoJob", "transform": "modelTransformJob"}

KINDS: Final = {
    "processing": ("processing-job", "ProcessingJobs"),
    "hpo": ("hyper-parameter-tuning-job", "TrainingJobs"),
    "transform": ("processing-job", "ProcessingJobs"),
}


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
    kind, log_group = KINDS[stage]
    name = _name(job_id, stage)
    return {
        "name": name,
        "arn": f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:{kind}/{name}",
        "status": status,
        "outputLocation": f"{output.rstrip('/')}/{job_id}/{stage}",
        "cloudwatchLogUrl": f"https://{REGION}.console.aws.amazon.com/cloudwatch/home?region={REGION}"
        f"#logStream:group=/aws/sagemaker/{log_group};prefix={name}",
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
