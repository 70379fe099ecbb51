"""`doctor --drift`: ask CloudFormation which resources were changed by hand."""

import time
from collections.abc import Iterator

from cli.doctor.findings import Wrong, check
from cli.facts.aws import NotCheckable
from cli.facts.facts import Facts

EVERY, WITHIN = 3.0, 300.0  # seconds


@check("No resource was changed or deleted by hand")
def drift(facts: Facts) -> Iterator[Wrong]:
    """Start a drift detection, wait for its end, and name each difference."""
    name = facts.stack_name
    detection = facts.aws.ask("cloudformation", "detect_stack_drift", StackName=name)["StackDriftDetectionId"]
    until = time.monotonic() + WITHIN
    while (status := _status(facts, detection)) == "DETECTION_IN_PROGRESS":
        if time.monotonic() > until:
            raise NotCheckable(f"CloudFormation is not ready after {WITHIN:g} seconds")
        time.sleep(EVERY)
    found = facts.aws.ask(  # at most 100, and boto3 has no paginator for it
        "cloudformation",
        "describe_stack_resource_drifts",
        StackName=name,
        StackResourceDriftStatusFilters=["MODIFIED", "DELETED"],
        MaxResults=100,
    )["StackResourceDrifts"]
    for each in found:
        changes = [
            f"{one['PropertyPath']} is {one['ActualValue']}, not {one['ExpectedValue']}"
            for one in each.get("PropertyDifferences", [])
        ]
        yield Wrong(
            f"{each['LogicalResourceId']} is {each['StackResourceDriftStatus']}: {'; '.join(changes) or 'it is gone'}",
            "It is not as the template says; a deployment changes only what differs from the last template.",
            f"Undo the change of {each['PhysicalResourceId']}, or put it into the template",
        )
    if status != "DETECTION_COMPLETE" and not found:
        raise NotCheckable("CloudFormation could not look at every resource: it does so with your own permissions")


def _status(facts: Facts, detection: str) -> str:
    answer = facts.aws.ask("cloudformation", "describe_stack_drift_detection_status", StackDriftDetectionId=detection)
    return str(answer["DetectionStatus"])
