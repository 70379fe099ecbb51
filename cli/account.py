"""The options by which a command finds a stack in an AWS account, and the stack's own values."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated

import boto3
from botocore.exceptions import ClientError, NoRegionError
from cyclopts import Parameter

from cli.exits import CommandError

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackTypeDef

DEFAULT_STACK = "neptune-ml-training"  # as in samconfig.toml


@Parameter(name="*", group="AWS")
@dataclass(frozen=True, kw_only=True)
class Access:
    """The AWS profile and region.

    Without them, the environment and the configuration of the AWS CLI decide, as for `aws` itself. Against the local
    stack: `. .local/env`.
    """

    profile: Annotated[str | None, Parameter(env_var="AWS_PROFILE", help="The profile of the AWS CLI.")] = None
    region: Annotated[
        str | None, Parameter(env_var=("AWS_REGION", "AWS_DEFAULT_REGION"), help="The AWS region, such as us-east-1.")
    ] = None

    @cached_property
    def session(self) -> boto3.Session:
        """The boto3 session for this profile and region. Raises an error of botocore if there is no region."""
        session = boto3.Session(profile_name=self.profile or None, region_name=self.region or None)
        if not session.region_name:
            raise NoRegionError
        return session


@Parameter(name="*", group="AWS")
@dataclass(frozen=True, kw_only=True)
class Account(Access):
    """A stack in an AWS account."""

    stack_name: Annotated[str, Parameter(env_var="STACK_NAME", help="The CloudFormation stack.")] = DEFAULT_STACK

    @cached_property
    def _stack(self) -> "StackTypeDef":
        with self._stack_exists():
            return self.session.client("cloudformation").describe_stacks(StackName=self.stack_name)["Stacks"][0]

    @cached_property
    def outputs(self) -> dict[str, str]:
        """The stack's outputs by their names, such as `{"TrainingQueueUrl": "https://…"}`."""
        return {each["OutputKey"]: each["OutputValue"] for each in self._stack.get("Outputs", [])}

    @property
    def parameters(self) -> dict[str, str]:
        """The stack's parameters by their names, such as `{"ModelPrefix": "models/"}`."""
        return {each["ParameterKey"]: each.get("ParameterValue", "") for each in self._stack.get("Parameters", [])}

    def output(self, name: str) -> str:
        """Return one output of the stack. Raises `CommandError` if it has none of that name."""
        try:
            return self.outputs[name]
        except KeyError:
            raise CommandError(
                f"The stack {self.stack_name} has no output {name}.",
                "Is it a stack of this application, deployed without an error? Name another with --stack-name.",
            ) from None

    def resource(self, logical_id: str) -> str:
        """Return the name that a resource of the template has in the account."""
        with self._stack_exists():
            found = self.session.client("cloudformation").describe_stack_resource(
                StackName=self.stack_name, LogicalResourceId=logical_id
            )
        return found["StackResourceDetail"]["PhysicalResourceId"]

    @contextmanager
    def _stack_exists(self) -> Iterator[None]:
        """Raise `CommandError` where CloudFormation says that it has no such stack."""
        try:
            yield
        except ClientError as error:
            if not re.match(r"Stack\b.*does not exist", error.response["Error"].get("Message", "")):
                raise
            raise CommandError(
                f"There is no stack {self.stack_name} in {self.session.region_name}.",
                "Name it with --stack-name, and check --profile and --region.",
            ) from error


ACCESS, ACCOUNT = Access(), Account()  # what the options say when none is given
