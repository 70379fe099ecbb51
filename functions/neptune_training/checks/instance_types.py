"""Warn about an instance type that SageMaker did not have when this list was made: it may be a typing error.

It is a warning only: SageMaker gets new types. `make schemas` renews the list from the enums `TrainingInstanceType` and
`ProcessingInstanceType` of botocore's service model `sagemaker`.
"""

from collections.abc import Iterator

from neptune_training.model.parameters import TrainingRequest
from neptune_training.model.problems import NOTHING_TO_DO, Problem, meant, shown

FIELDS = ("trainingInstanceType", "baseProcessingInstanceType")
# Each family with its sizes.
LISTED = """
ml.c4 xlarge 2xlarge 4xlarge 8xlarge
ml.c5 xlarge 2xlarge 4xlarge 9xlarge 18xlarge
ml.c5n xlarge 2xlarge 4xlarge 9xlarge 18xlarge
ml.c6i xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge
ml.c7i large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
ml.c7i-flex xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
ml.c8i xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge
ml.c8i-flex xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
ml.g4dn xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
ml.g5 xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
ml.g6 xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
ml.g6e xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
ml.g7 2xlarge 4xlarge 8xlarge 12xlarge 24xlarge 48xlarge
ml.g7e 2xlarge 4xlarge 8xlarge 12xlarge 24xlarge 48xlarge
ml.m4 xlarge 2xlarge 4xlarge 10xlarge 16xlarge
ml.m5 large xlarge 2xlarge 4xlarge 12xlarge 24xlarge
ml.m6i large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge
ml.m7i large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
ml.m7i-flex large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
ml.m8i large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge
ml.m8i-flex large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
ml.p2 xlarge 8xlarge 16xlarge
ml.p3 2xlarge 8xlarge 16xlarge
ml.p3dn 24xlarge
ml.p4d 24xlarge
ml.p4de 24xlarge
ml.p5 4xlarge 48xlarge
ml.p5e 48xlarge
ml.p5en 48xlarge
ml.p6-b200 48xlarge
ml.p6-b300 48xlarge
ml.p6e-gb200 36xlarge
ml.r5 large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge
ml.r5d large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge
ml.r6i large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge
ml.r7i large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge
ml.r8i large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge 96xlarge
ml.r8i-flex large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge
ml.t3 large medium xlarge 2xlarge
ml.trn1 2xlarge 32xlarge
ml.trn1n 32xlarge
ml.trn2 48xlarge
"""


def listed() -> frozenset[str]:
    """Return all instance types of the list, such as `ml.g5.2xlarge`."""
    families = (line.split() for line in LISTED.split("\n") if line)
    return frozenset(f"{family}.{size}" for family, *sizes in families for size in sizes)


def warnings(request: TrainingRequest) -> Iterator[Problem]:
    """Yield a warning for each instance type of a request that is not in the list."""
    known = listed()
    for field in FIELDS:
        value = getattr(request, field)
        if value is not None and value not in known:
            problem = "is not an instance type that SageMaker's API lists"
            remedy = f"{nearest} " if (nearest := meant(value, sorted(known))) else ""
            yield Problem(
                field=field,
                value=shown(value),
                problem=problem,
                remedy=f"{remedy}{NOTHING_TO_DO} if it is a new instance type",
            )
