"""Prices of AWS in us-east-1, in US dollars, without the free tier, and what a run costs by them.

Source: the pricing pages of AWS Lambda (x86_64; also "Durable functions"), Step Functions (standard workflows),
DynamoDB (on demand, since November 2024), SQS (standard), SNS, S3 (standard) and PrivateLink. Read in November 2026,
from public copies of these pages. Look them up before you rely on a figure.
"""

from dataclasses import dataclass

MILLION = 1e6
LAMBDA_REQUEST = 0.20 / MILLION
LAMBDA_GB_SECOND = 0.0000166667
DURABLE_OPERATION = 8.00 / MILLION
DURABLE_GB_WRITTEN = 0.25
STATE_TRANSITION = 0.025 / 1000
DYNAMODB_WRITE_UNIT = 0.625 / MILLION
DYNAMODB_READ_UNIT = 0.125 / MILLION
SQS_REQUEST = 0.40 / MILLION
SNS_REQUEST = 0.50 / MILLION
S3_GET = 0.0004 / 1000
S3_LIST = 0.005 / 1000
ENDPOINT_HOUR = 0.01  # an interface endpoint in one availability zone
HOURS_A_MONTH = 730


@dataclass
class Usage:
    """Hold what a run has used. `gigabyte_seconds` are Lambda's; `durable_bytes` were checkpointed."""

    invocations: int = 0
    seconds: float = 0.0
    gigabyte_seconds: float = 0.0
    read_units: float = 0.0
    write_units: float = 0.0
    transitions: int = 0
    operations: int = 0
    durable_bytes: int = 0
    sqs_requests: int = 0
    sns_requests: int = 0
    s3_gets: int = 0
    s3_lists: int = 0

    def dollars(self) -> float:
        """Return what it costs."""
        return (
            self.invocations * LAMBDA_REQUEST
            + self.gigabyte_seconds * LAMBDA_GB_SECOND
            + self.read_units * DYNAMODB_READ_UNIT
            + self.write_units * DYNAMODB_WRITE_UNIT
            + self.transitions * STATE_TRANSITION
            + self.operations * DURABLE_OPERATION
            + self.durable_bytes / 1e9 * DURABLE_GB_WRITTEN
            + self.sqs_requests * SQS_REQUEST
            + self.sns_requests * SNS_REQUEST
            + self.s3_gets * S3_GET
            + self.s3_lists * S3_LIST
        )
