"""The designs that `make bench-burst` measures beside ours: each trains a burst of three uploads, once each."""

import pytest

from bench.burst import designs
from bench.burst.run import run
from local.artefact import KEPT

pytestmark = pytest.mark.e2e

RIVALS = [designs.UsualWay, designs.StepFunctions, designs.DurableFunctions]


@pytest.mark.parametrize("kind", RIVALS, ids=lambda kind: kind.folder)
def test_a_rival_starts_and_records_each_of_three_uploads_once(kind: type[designs.Rival]) -> None:
    if kind is designs.DurableFunctions and not (KEPT / "durable" / "ready").exists():
        pytest.skip("the SDK of durable functions is not set up: make .local/durable/ready")
    found = run(kind, 3, 10, faults=False, warm_up=0, stage_seconds=0.1)
    assert (found.lost, found.duplicated, found.posts - found.refused) == (0, 0, 3)
    assert found.usage.write_units >= 3
