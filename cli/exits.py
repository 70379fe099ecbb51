"""The exit codes of all commands, and AWS's errors as one line that says what to do."""

from enum import IntEnum
from traceback import walk_tb

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, of which its others are made
    HTTPClientError,
    InvalidRegionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
INVALID = {"InvalidClientTokenId", "UnrecognizedClientException", "SignatureDoesNotMatch", "AuthFailure"}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError", "Forbidden", "403"}
REMEDIES: list[tuple[tuple[type[BotoCoreError], ...], str]] = [
    ((NoCredentialsError, PartialCredentialsError), "Name a profile with --profile, or set AWS_PROFILE."),
    ((ProfileNotFound,), "`aws configure list-profiles` lists the profiles that there are."),
    ((NoRegionError,), "Name it with --region, or set AWS_REGION."),
    ((InvalidRegionError,), "Check --region and AWS_REGION: a region is called us-east-1, for example."),
    ((ParamValidationError,), "Check the names and values that you gave."),
    ((SSOError, TokenRetrievalError), "Log in again: aws sso login"),
    ((ConnectionError, HTTPClientError), "Check the network, the region, and AWS_ENDPOINT_URL if it is set."),
]
OTHERWISE = "Check the configuration of the AWS CLI: aws configure list"


class Exit(IntEnum):
    """Name the exit codes."""

    FINE = 0
    WRONG = 1  # something is wrong with what was looked at
    FAILED = 2  # the command could not do its work: wrong usage, no access, no such stack
    UNCHECKED = 3  # nothing wrong was found, but not everything could be looked at
    INTERRUPTED = 130  # Ctrl-C, as shells count it


class CommandError(Exception):
    """A command cannot do its work: `problem` says why, `remedy` what to do."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy


def is_from_aws_client(error: Exception) -> bool:
    """Return True if AWS's client library raised it: it cannot read a setting, or what answers is not AWS."""
    return any(frame.f_globals["__name__"].startswith("botocore.") for frame, _ in walk_tb(error.__traceback__))


def explained(error: BotoCoreError | ClientError) -> CommandError:
    """Return an error of AWS's, or of its client library, as what is wrong and what to do."""
    if isinstance(error, ClientError):
        return _answered(error)
    problem = f"{str(error).rstrip('. ')}."
    return CommandError(problem, next((remedy for kinds, remedy in REMEDIES if isinstance(error, kinds)), OTHERWISE))


def _answered(error: ClientError) -> CommandError:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    problem = f"{error.operation_name}: {(message or code).rstrip('. ')}."
    if code in EXPIRED:
        return CommandError(problem, "The credentials have expired: log in again.")
    if code in INVALID:
        return CommandError(problem, "AWS does not know these credentials: check the profile and the region.")
    if code in DENIED:
        return CommandError(problem, f"Ask for the permission for {error.operation_name}, or use another profile.")
    return CommandError(f"{problem} ({code}.)", "Check the names, the profile and the region.")
