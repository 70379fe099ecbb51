"""The claim of a job, as plain calls: what is written, when its start is not sent any more, and who holds the pause."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from neptune_training.aws.writes import RecordChanged
from neptune_training.checks.verdicts import Ready
from neptune_training.flow import job_problems, outcomes, time_bounds, waiting
from neptune_training.flow.pace import RETRY_FOR
from neptune_training.flow.pause import Pause
from neptune_training.model.capacity import Capacity
from neptune_training.model.jobs import Job, Requested, Started, Waiting
from neptune_training.model.statuses import WaitingFor
from neptune_training.model.times import to_text
from tests.steps import KNOWN, MINUTE, NOW, SENT, SETTINGS, Cluster, Records, seconds, services
from tests.steps import waiting as waits
from tests.test_start_answers import BEFORE, DEADLINE, LAST_START, OURS, SILENT

FILES = {"a.py": "e1"}
HOLD = NOW + seconds(25)
GIVE_UP = KNOWN["createdAt"] + timedelta(hours=12)
OVER = Capacity(paused_until=NOW, pause_text=to_text(NOW))
JOB = waits(WaitingFor.FILES, failedSteps=1, reasons=(BEFORE,))


class Slow(Records):
    """A table whose claims end at `until`, or are refused; `theirs` is what another invocation has written then."""

    time = NOW
    until: datetime = NOW
    refused = False
    theirs: Job | None = None
    seen_after: Capacity | None = None

    def now(self) -> datetime:
        return self.time

    def claim(self, *args: Any, **said: Any) -> None:
        self.time = self.until
        if self.refused:
            self.jobs = {self.theirs.jobId: self.theirs} if self.theirs else {}
            self.seen = self.seen_after or self.seen
            raise RecordChanged("condition")
        super().claim(*args, **said)


def slow(job: Waiting = JOB, **said: Any) -> Slow:
    table = Slow.of(job)
    vars(table).update(said)
    assert isinstance(table, Slow)
    return table


def claim(table: Slow, cluster: Cluster | None = None, pause: Pause | None = None, **said: Any) -> Job:
    """Claim the job of the table, and start it."""
    [job] = table.jobs.values()
    assert isinstance(job, Waiting)
    ready = Ready(SENT, FILES, (BEFORE,), exists=said.pop("exists", False))
    here = services(table, cluster, now=table.now, sleep=said.pop("sleep", lambda _: None))
    return waiting.claim(here, job, ready, said.pop("deadline", DEADLINE), pause or Pause(), has_turn=True)


def claimed(job: Waiting = JOB) -> Requested:
    lease = DEADLINE + seconds(20) + 2 * MINUTE
    result = job.claimed(NOW, lease_until=lease, give_up=GIVE_UP, request=SENT, files=FILES, warnings=(BEFORE,))
    return result.bounded(time_bounds.end_by(result, SETTINGS, NOW))


def again(job: Waiting = JOB, *, now: datetime) -> Job:
    """The claimed job, waiting again."""
    here = services(Records.of(claimed(job)), now=lambda: now)
    return outcomes.wait_again(here, claimed(job), WaitingFor.TURN, (), tried=False, unanswered=job.unanswered)


def draining() -> Pause:
    """The pause of an invocation that drains the queue, and has written `OVER`."""
    pause = Pause()
    pause.until(NOW)
    pause.draining = True
    return pause


def test_a_claim_takes_the_lease_and_the_slot_and_then_sends_the_start() -> None:
    table, cluster = slow(), Cluster()
    assert isinstance(claim(table, cluster), Started)
    assert table.written[0] == ("claim", claimed(), Capacity(), 2, NOW, None, False)
    assert cluster.asked == [("start", SENT, LAST_START)]


def test_a_claim_of_a_job_that_neptune_has_already_looks_it_up() -> None:
    cluster = Cluster(OURS)
    assert isinstance(claim(slow(), cluster, exists=True), Started)
    assert [each[0] for each in cluster.asked] == ["training"]


def test_a_claim_without_time_for_a_start_fails_its_step_and_writes_no_lease() -> None:
    table = slow()
    result = claim(table, deadline=NOW + seconds(25))
    wait = outcomes.wait(services(Records.of(JOB)), JOB, WaitingFor.TURN, next_attempt=NOW, failed=True)
    assert result == wait
    assert [each[0] for each in table.written] == ["save"]


# --- the pause --------------------------------------------------------------------------------------------------------


def test_the_claim_of_a_probe_prolongs_the_pause_until_its_answer() -> None:
    table, pause = slow(seen=OVER), Pause()
    claim(table, Cluster(answer=SILENT), pause)
    assert table.written[0] == ("claim", claimed(), OVER, 2, NOW, HOLD, False)
    assert [pause.pace.retry_for, pause.holds(Capacity(pause_text=to_text(HOLD)))] == [timedelta(), True]


def test_the_claim_of_a_drain_is_no_probe() -> None:
    table, pause = slow(seen=OVER), draining()
    claim(table, Cluster(answer=SILENT), pause)
    assert table.written[0] == ("claim", claimed(), OVER, 2, NOW, HOLD, True)
    assert pause.pace.retry_for == RETRY_FOR


def test_a_claim_without_a_pause_is_no_probe() -> None:
    pause = Pause()
    claim(slow(), Cluster(answer=SILENT), pause)
    assert [pause.pace.retry_for, pause.has_written] == [RETRY_FOR, False]


def test_a_drain_waits_before_its_claim_until_neptune_takes_the_next_start() -> None:
    pause, slept = draining(), list[float]()
    pause.sends(NOW - seconds(0.125))
    claim(slow(seen=OVER), Cluster(), pause, sleep=slept.append)
    assert slept == [0.125]


# --- a claim that took long -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unanswered", [True, False])
@pytest.mark.parametrize(
    ("until", "seen", "sent"),
    [
        (LAST_START - seconds(1), Capacity(), 1),
        (LAST_START, Capacity(), 0),
        (NOW + seconds(5), OVER, 1),
        (NOW + seconds(5.001), OVER, 0),  # the pause could end before the answer
        (NOW + seconds(5.001), Capacity(), 1),
    ],
)
def test_no_start_is_sent_after_a_claim_that_took_too_long(
    until: datetime, seen: Capacity, sent: int, unanswered: bool
) -> None:
    job = JOB.model_copy(update={"unanswered": unanswered})
    table, cluster = slow(job, until=until, seen=seen), Cluster()
    result = claim(table, cluster)
    assert len(cluster.asked) == sent
    if not sent:
        assert result == again(job, now=until)
        assert [each[0] for each in table.written] == ["claim", "release"]


@pytest.mark.parametrize("unanswered", [True, False])
def test_no_start_is_sent_after_a_claim_that_ended_at_give_up_at(unanswered: bool) -> None:
    job, cluster = JOB.model_copy(update={"unanswered": unanswered}), Cluster()
    result = claim(slow(job, until=GIVE_UP), cluster, deadline=GIVE_UP + 5 * MINUTE)
    assert [result.status, cluster.asked] == ["REJECTED", []]
    given_up = job_problems.gave_up(
        claimed(job), WaitingFor.FILES, (BEFORE,), GIVE_UP, unanswered=unanswered, limit="GiveUpSeconds"
    )
    assert result.reasons == given_up


# --- a claim that was refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("theirs", [JOB.next_unchanged(NOW), None])
def test_a_job_that_another_invocation_has_changed_is_returned_as_that_wrote_it(theirs: Job | None) -> None:
    table, pause = slow(refused=True, theirs=theirs, seen=OVER), Pause()
    assert claim(table, pause=pause) == (theirs or JOB)
    assert [table.written, pause.has_written] == [[], False]


@pytest.mark.parametrize(
    ("seen", "waiting_for", "reason"),
    [
        (Capacity(slots=frozenset("ab")), WaitingFor.SLOT, job_problems.no_slot(2)),
        (OVER, WaitingFor.CAPACITY, job_problems.paused(WaitingFor.CAPACITY)),
        (Capacity(slots=frozenset("a")), WaitingFor.ERROR, job_problems.not_claimed(JOB)),
    ],
)
def test_a_job_whose_claim_only_the_capacity_refused_keeps_its_place_in_the_queue(
    seen: Capacity, waiting_for: WaitingFor, reason: Any
) -> None:
    result = claim(slow(refused=True, theirs=JOB, seen_after=seen))
    failed = waiting_for is WaitingFor.ERROR
    assert result == outcomes.wait(services(Records.of(JOB)), JOB, waiting_for, (reason,), failed=failed)
    assert isinstance(result, Waiting)
    assert result.failedSteps == (1 if failed else 0)
