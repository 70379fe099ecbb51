"""A local Amazon Neptune ML: an HTTP server that boto3's `neptunedata` client takes for the real one.

For tests: `with NeptuneML() as neptune: client = boto3.client("neptunedata", endpoint_url=neptune.url, …)`.
By itself: `python -m local.neptune_ml --port 8182`. The README beside this file says what it can do.
"""

from local.neptune_ml.background import NeptuneML
from local.neptune_ml.cluster import COMPLETED_DATA_PROCESSING_JOB
from local.neptune_ml.faults import KINDS as FAULTS
from local.neptune_ml.log import Request, Summary

__all__ = ["COMPLETED_DATA_PROCESSING_JOB", "FAULTS", "NeptuneML", "Request", "Summary"]
