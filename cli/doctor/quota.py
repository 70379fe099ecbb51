"""SageMaker's quotas. In a new account they are often 0 (graph-notebook, issue 445)."""

from collections.abc import Iterator

from cli.doctor.findings import Wrong, check
from cli.facts.aws import NotCheckable
from cli.facts.facts import Facts


@check("SageMaker's quotas suffice for a training with the default instance type")
def quota(facts: Facts) -> Iterator[Wrong]:
    """Compare the quotas with the default instance types and MaxHPOParallelTrainingJobs."""
    spot = "spot " if facts.value("EnableManagedSpotTraining") == "true" else ""
    wanted = [
        (
            facts.value("TrainingInstanceType"),
            f"{spot}training job",
            int(float(facts.value("MaxHPOParallelTrainingJobs"))),
        ),
        (facts.value("BaseProcessingInstanceType"), "processing job", 1),
    ]
    for type_, use, count in wanted:
        name = f"{type_} for {use} usage"
        if not type_:
            continue
        found = facts.quotas.get(name)
        if not found:
            raise NotCheckable(f"Service Quotas lists no quota {name}: is it an instance type of this region?")
        if found.value < count:
            yield Wrong(
                f"The quota {name} is {found.value:g}, and a training asks for {count}",
                "Its job ends FAILED with ResourceLimitExceeded.",
                f"aws service-quotas request-service-quota-increase --service-code sagemaker --quota-code {found.code} "
                f"--desired-value {count}",
            )
