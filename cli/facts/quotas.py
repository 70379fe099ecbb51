"""SageMaker's quotas for the instances that trainings run on."""

from dataclasses import dataclass

from cli.facts.aws import Aws


@dataclass(frozen=True)
class Quota:
    """A quota: how many instances of a type can run at once for one use."""

    code: str
    name: str
    value: float


def quotas(aws: Aws) -> dict[str, Quota]:
    """Return SageMaker's quotas by their names: the account's own value, or else AWS's default."""
    defaults = aws.pages("service-quotas", "list_aws_default_service_quotas", "Quotas", ServiceCode="sagemaker")
    applied = aws.pages("service-quotas", "list_service_quotas", "Quotas", ServiceCode="sagemaker")
    found = (Quota(each["QuotaCode"], each["QuotaName"], each["Value"]) for each in [*defaults, *applied])
    return {each.name: each for each in found}
