"""Parameters of StartMLModelTrainingJob by their names in the API: their types, and who can set them.

Source: the `neptunedata` service model of botocore; a test compares the two. Users read
a field's description after "Set it to", so it says what to write.
"""

from typing import Annotated, Any, ClassVar, assert_never

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from neptune_training.model import s3_places
from neptune_training.model.triggers import TriggerKind

# Neptune's values for parameters that are not set: the documentation in the service model `neptunedata`.
NEPTUNES_DEFAULTS: dict[str, Any] = {
    "trainingInstanceType": "ml.p3.2xlarge",
    "trainingTimeOutInSeconds": 86_400,
    "maxHPONumberOfTrainingJobs": 2,
    "maxHPOParallelTrainingJobs": 2,
}

Text = Annotated[str, StringConstraints(min_length=1, max_length=2048)]
JOB_ID = r"^[A-Za-z0-9-]{1,48}$"
JobId = Annotated[str, StringConstraints(pattern=JOB_ID)]
Script = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./-]*\.py$", max_length=256)]
S3Uri = Annotated[
    str, StringConstraints(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\x00-\x1f]*)?$", max_length=1100)
]
S3Directory = Annotated[S3Uri, AfterValidator(s3_places.directory)]
S3Location = Annotated[S3Uri, AfterValidator(s3_places.location)]
RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]+$")]
InstanceType = Annotated[str, StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$", max_length=64)]
KmsKey = Annotated[str, StringConstraints(pattern=r"^(arn:aws[a-z-]*:kms:[\w:/-]+|alias/[\w/-]+|[0-9a-zA-Z-]+)$")]
Subnet = Annotated[str, StringConstraints(pattern=r"^subnet-[0-9a-f]+$")]
SecurityGroup = Annotated[str, StringConstraints(pattern=r"^sg-[0-9a-f]+$")]
Count = Annotated[int, Field(ge=1, le=10_000)]


class EntryPoints(BaseModel):
    """Parameters of a custom model that an uploader can set: the names of its scripts."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True)

    trainingEntryPointScript: Script | None = Field(
        None, description="the training script's name in the model's directory, such as train.py"
    )
    transformEntryPointScript: Script | None = Field(
        None, description="the transform script's name in the model's directory, such as transform.py"
    )


class CustomModelTrainingParameters(EntryPoints):
    """Parameters of a custom model: where its scripts are, and which of them to run."""

    sourceS3DirectoryPath: S3Directory = Field(
        description="the S3 URI of the directory with the scripts and model-hpo-configuration.json"
    )


class ModelParameters(BaseModel):
    """Parameters of a model: all that `training-job.json` beside it can set."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True)
    custom: ClassVar[str] = "customModelTrainingParameters"

    dataProcessingJobId: Text | None = Field(
        None, description="the id of a completed Neptune ML data-processing job; the stack may have a default"
    )
    previousModelTrainingJobId: Text | None = Field(
        None, description='the id of a completed training job, or "LATEST" for the newest one of the same model'
    )
    baseProcessingInstanceType: InstanceType | None = Field(
        None, description="the ML instance type that prepares the training, such as ml.r5.xlarge"
    )
    trainingInstanceType: InstanceType | None = Field(
        None, description="the ML instance type that trains, such as ml.g5.2xlarge"
    )
    trainingInstanceVolumeSizeInGB: Annotated[int, Field(ge=0, le=16_384)] | None = Field(
        None, description="a number of gigabytes, or 0 to let Neptune choose"
    )
    trainingTimeOutInSeconds: Annotated[int, Field(ge=1, le=2_419_200)] | None = Field(
        None, description="a number of seconds from 1 to 2419200 (28 days)"
    )
    maxHPONumberOfTrainingJobs: Count | None = Field(
        None, description="the number of trials of the hyperparameter search, at least 10 for a good model"
    )
    maxHPOParallelTrainingJobs: Count | None = Field(
        None, description="the number of trials that run at once, at most maxHPONumberOfTrainingJobs"
    )
    enableManagedSpotTraining: bool | None = Field(None, description="true or false")
    customModelTrainingParameters: EntryPoints | None = Field(
        None, description="an object with the names of the model's scripts"
    )


class TrainingJobFile(ModelParameters):
    """Parameters of one model's training: `training-job.json`, which can name its JSON Schema for editors."""

    schema_: str | None = Field(None, alias="$schema", description="the address of this file's JSON Schema")


class TrainingRequest(ModelParameters):
    """All parameters of StartMLModelTrainingJob: what an event or a schedule can set, and what is sent."""

    dataProcessingJobId: Text = Field(description="the id of a completed Neptune ML data-processing job")
    id: JobId | None = Field(None, description="1 to 48 letters, digits and hyphens")
    trainModelS3Location: S3Location = Field(description="the S3 URI below which Neptune ML writes the model artefacts")
    sagemakerIamRoleArn: RoleArn | None = Field(
        None, description="the ARN of a role listed in the DB cluster's parameter group"
    )
    neptuneIamRoleArn: RoleArn | None = Field(
        None, description="the ARN of a role listed in the DB cluster's parameter group"
    )
    subnets: list[Subnet] | None = Field(None, max_length=16, description="a list of subnet ids")
    securityGroupIds: list[SecurityGroup] | None = Field(
        None, max_length=16, description="a list of security group ids"
    )
    volumeEncryptionKMSKey: KmsKey | None = Field(None, description="the ARN, id or alias of a KMS key")
    s3OutputEncryptionKMSKey: KmsKey | None = Field(None, description="the ARN, id or alias of a KMS key")
    customModelTrainingParameters: CustomModelTrainingParameters | None = Field(
        None, description="an object with sourceS3DirectoryPath and the names of the scripts"
    )


class CancellationRequest(BaseModel):
    """Hold the detail of an event that cancels a training."""

    model_config = ConfigDict(defer_build=True, extra="forbid", strict=True)

    id: JobId = Field(description="the id of the job to cancel, as its messages and its record have it")
    clean: bool = Field(False, description="true or false; true also deletes what the job has written")


class NoParameters(BaseModel):
    """Hold the parameters that a trigger of an unknown kind, or a cancellation, can set: none."""

    model_config = ConfigDict(defer_build=True)


def settable_by(kind: TriggerKind) -> type[BaseModel]:
    """Return the parameters that a trigger of this kind can set, as a model whose fields they are."""
    match kind:
        case TriggerKind.UPLOAD:
            return ModelParameters
        case TriggerKind.EVENT | TriggerKind.SCHEDULE:
            return TrainingRequest
        case TriggerKind.CANCELLATION | TriggerKind.UNKNOWN:
            return NoParameters
    assert_never(kind)


def parameter(path: str) -> Any:
    """Return the field at `path` (`customModelTrainingParameters.sourceS3DirectoryPath`), None if there is none."""
    name, _, inner = path.partition(".")
    if inner:
        return CustomModelTrainingParameters.model_fields.get(inner) if name == ModelParameters.custom else None
    return TrainingRequest.model_fields.get(name)
