"""Ask SageMaker for a tuning job's trials."""

from typing import Any


class SageMaker:
    """Read what SageMaker knows."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def tuning_job(self, name: str) -> Any:
        """Return the answer of DescribeHyperParameterTuningJob."""
        return self._client.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
