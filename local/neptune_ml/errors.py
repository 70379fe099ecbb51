"""Neptune's errors: their codes, HTTP statuses and documented texts."""

from typing import Final

# The eleven errors that the service model gives every Neptune ML operation. The user guide calls all of them HTTP 400;
# the statuses here are the model's.
ML_ERRORS: Final = {
    "BadRequestException": 400,
    "ClientTimeoutException": 408,
    "ConstraintViolationException": 400,
    "IllegalArgumentException": 400,
    "InvalidArgumentException": 400,
    "InvalidParameterException": 400,
    "MLResourceNotFoundException": 404,
    "MissingParameterException": 400,
    "PreconditionsFailedException": 400,
    "TooManyRequestsException": 429,
    "UnsupportedOperationException": 400,
}

# Errors of Neptune itself, which can come before an ML operation is looked at. Throttling is a 500 in the model.
SERVICE_ERRORS: Final = {
    "AccessDeniedException": 403,
    "InternalFailureException": 500,
    "ThrottlingException": 500,
}

# SageMaker's error for a name that it does not know (API reference, DescribeHyperParameterTuningJob).
SAGEMAKER_ERRORS: Final = {"ResourceNotFound": 400}

STATUSES: Final = ML_ERRORS | SERVICE_ERRORS | SAGEMAKER_ERRORS

TOO_MANY_STARTS: Final = "Too many requests."  # no text is documented
SAME_ID: Final = "Another resource with same ID already exists. Please use a new ID."
ID_LENGTH: Final = "Invalid ID provided. ID can be 1-48 alphanumeric characters."
ID_CHARACTERS: Final = "Invalid ID provided. Must contain only letters, digits, or hyphens."
ID_UNKNOWN: Final = "Invalid ID provided. Please check whether a resource with the given ID exists."
INSTANCE_TYPE: Final = "Invalid ML instance type."
S3_LOCATION: Final = "Invalid S3 URL or incorrect S3 permissions. Please check your S3 configuration."
DATA_NOT_PROCESSED: Final = "Provided MLDataProcessing job is not completed."
NOT_TRAINED: Final = "Provided ModelTraining job has not completed."
NO_SUCH_TRAINING: Final = "Provided MLModelTraining job doesn't exist."
ALREADY_ENDED: Final = "Failed to stop the job because it has already completed or failed."
NO_ROLE: Final = (
    "Required credentials are missing. Please add IAM role to the cluster or pass as a parameter to this request."
)
NO_TUNING_JOB: Final = "Requested resource not found."
NOT_FOUND: Final = "The ML resource with the given ID could not be found."  # no text is documented


class NeptuneError(Exception):
    """An answer that is an error.

    `code` is a key of `STATUSES`, `message` the `detailedMessage` of the body.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message

    @property
    def status(self) -> int:
        """The HTTP status."""
        return STATUSES[self.code]
