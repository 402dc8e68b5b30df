"""Which state a step is in and why, from what bucket and cluster say of it. Tables."""

import pytest

from controller.clusters.interface import JobState, JobStatus
from controller.ledger.events import Event, EventType, Observed, note_observed
from controller.status.derive import Evidence, Reach, State, judge

NOW = 1_800_000_000.0
COMMAND = "covid-ctl submit preprocess"
SUBMITTED, RELEASED, STARTED = EventType.SUBMITTED, EventType.RELEASED, EventType.STARTED


def life(*types: EventType, ago: float = 3600.0, detail: str = "") -> list[Event]:
    """A submission, and what followed it; the last of it ``ago`` seconds before now."""
    after = [Event(kind, NOW - ago, detail) for kind in types]
    return [Event(SUBMITTED, NOW - max(ago, 7200.0) if after else NOW - ago, COMMAND), *after]


def job(state: JobState, reason: str = "", remedy: str = "") -> JobStatus:
    return JobStatus(
        active=0, succeeded=0, failed=0, retries=0, condition=None, state=state, reason=reason, remedy=remedy
    )


def noted(state: str, reason: str, ago: float) -> Event:
    return note_observed(NOW - ago, Observed(state, reason))


JUST_NOW, LONG_AGO, AHEAD = NOW - 5.0, NOW - 4000.0, NOW + 4000.0
LOCAL, THERE, AWAY = Reach.NONE, Reach.REACHED, Reach.UNREACHABLE


@pytest.mark.parametrize(
    ("name", "evidence", "state", "reason"),
    [
        ("the manifest alone says complete", Evidence(True, life(EventType.FAILED), reach=THERE), State.COMPLETE, ""),
        (
            "complete, whatever its Job says",
            Evidence(True, life(), reach=THERE, job=job(JobState.RUNNING)), State.COMPLETE, "",
        ),
        # processes of this machine
        ("speaks", Evidence(False, life(STARTED), JUST_NOW), State.RUNNING, ""),
        ("has started a moment ago", Evidence(False, life(STARTED, ago=3.0)), State.RUNNING, ""),
        ("silent", Evidence(False, life(STARTED), LONG_AGO), State.INTERRUPTED, "silent for 60 min"),
        ("a sign of life from the future", Evidence(False, life(STARTED), AHEAD), State.INTERRUPTED, "silent for"),
        ("never started", Evidence(False, life()), State.SUBMITTED, "has not been started"),
        (
            "waits its turn",
            Evidence(False, life(), missing=("ingest-1", "vocabulary-2")),
            State.WAITING, "waits for its inputs ingest-1, vocabulary-2",
        ),
        ("failed", Evidence(False, life(EventType.FAILED, detail="no sense")), State.FAILED, "no sense"),
        ("started again after failing", Evidence(False, life(EventType.FAILED, STARTED, ago=3.0)), State.RUNNING, ""),
        (
            "failed, though a last heartbeat is young",
            Evidence(False, life(EventType.FAILED, detail="no sense", ago=1.0), JUST_NOW), State.FAILED, "no sense",
        ),
        ("cancelled", Evidence(False, life(EventType.CANCELLED)), State.CANCELLED, "60 min ago"),
        (
            "removed", Evidence(False, life(EventType.COLLECTED, detail="superseded by x")),
            State.COLLECTED, "superseded by x; removed 60 min ago",
        ),
        (
            "a manifest deleted by hand", Evidence(False, life(EventType.SUCCEEDED)),
            State.INTERRUPTED, "it was complete once, and its manifest is gone",
        ),
        # a cluster that answers
        ("runs", Evidence(False, life(), JUST_NOW, reach=THERE, job=job(JobState.RUNNING)), State.RUNNING, ""),
        (
            "runs and is silent",
            Evidence(False, life(), LONG_AGO, reach=THERE, job=job(JobState.RUNNING)),
            State.RUNNING, "runs, and has said nothing for 66 min",
        ),
        (
            "evicted while its heartbeat is young",
            Evidence(False, life(STARTED), JUST_NOW, reach=THERE, job=job(JobState.PENDING, "back-off: index 0")),
            State.PENDING, "back-off: index 0",
        ),
        (
            "suspended",
            Evidence(False, life(), missing=("a-1",), reach=THERE, job=job(JobState.SUSPENDED, "waits for a-1")),
            State.WAITING, "waits for a-1",
        ),
        ("ending", Evidence(False, life(), reach=THERE, job=job(JobState.ENDING, "ends")), State.ENDING, "ends"),
        (
            "failed Job", Evidence(False, life(), reach=THERE, job=job(JobState.FAILED, "FailedIndexes: 1,3")),
            State.FAILED, "FailedIndexes: 1,3",
        ),
        (
            "a Job that is complete without a manifest",
            Evidence(False, life(), reach=THERE, job=job(JobState.COMPLETE)),
            State.FAILED, "its Job is complete and left no manifest",
        ),
        (
            "its Job has vanished", Evidence(False, life(RELEASED), LONG_AGO, reach=THERE),
            State.INTERRUPTED, "its Job is gone",
        ),
        (
            "the tracker saw it run, then its Job vanished",
            Evidence(False, [*life(RELEASED), noted("running", "", 700.0)], LONG_AGO, reach=THERE),
            State.INTERRUPTED, "its Job is gone",
        ),
        (
            "its Job has vanished soon after it was seen",
            Evidence(False, [*life(ago=5.0), noted("pending", "", 3.0)], reach=THERE),
            State.INTERRUPTED, "its Job is gone",
        ),
        ("just submitted", Evidence(False, life(ago=5.0), reach=THERE), State.SUBMITTED, "its Job is being made"),
        (
            "runs elsewhere", Evidence(False, life(STARTED), JUST_NOW, reach=THERE),
            State.RUNNING, "by its signs of life",
        ),
        (
            "failed, and the Job's time to live is over",
            Evidence(False, life(EventType.FAILED, detail="OOMKilled"), reach=THERE), State.FAILED, "OOMKilled",
        ),
        # a cluster that does not answer, or is no more
        ("speaks to the bucket", Evidence(False, life(), JUST_NOW, reach=AWAY), State.RUNNING, ""),
        (
            "was running when last seen, and is silent",
            Evidence(False, [*life(RELEASED), noted("running", "", 700.0)], LONG_AGO, reach=AWAY),
            State.UNKNOWN, "running (11 min ago)",
        ),
        (
            "was pending when last seen",
            Evidence(False, [*life(RELEASED), noted("pending", "Unschedulable: no node", 7300.0)], reach=AWAY),
            State.UNKNOWN, "pending: Unschedulable: no node (2 h ago)",
        ),
        (
            "an observation of before it was submitted again",
            Evidence(False, [noted("failed", "x", 9000.0), *life(ago=7300.0)], reach=AWAY),
            State.UNKNOWN, "submitted 2 h ago",
        ),
        (
            "an observation that cannot be read",
            Evidence(False, [*life(), Event(EventType.OBSERVED, NOW, "{")], reach=AWAY),
            State.UNKNOWN, "submitted 60 min ago",
        ),
        ("never seen", Evidence(False, life(), LONG_AGO, reach=AWAY), State.UNKNOWN, "last sign of life 66 min ago"),
        ("inputs missing", Evidence(False, life(), missing=("a-1",), reach=AWAY), State.UNKNOWN, "waits for its input"),
        ("failed, before", Evidence(False, life(EventType.FAILED, detail="x"), reach=AWAY), State.FAILED, "x"),
    ],
)  # fmt: skip
def test_state(name: str, evidence: Evidence, state: State, reason: str) -> None:
    verdict = judge(evidence, NOW)
    assert (verdict.state, verdict.reason[: len(reason)]) == (state, reason), name
    assert bool(verdict.reason) is bool(reason), name


@pytest.mark.parametrize("reach", Reach)
@pytest.mark.parametrize("last", EventType)
def test_whatever_has_ended_without_a_manifest_tells_how_to_continue(reach: Reach, last: EventType) -> None:
    verdict = judge(Evidence(False, life(last), LONG_AGO, reach=reach), NOW)
    assert verdict.state is not State.RUNNING
    assert verdict.state.goes_on or COMMAND in verdict.remedy


def test_the_clusters_remedy_comes_first() -> None:
    failed = job(JobState.FAILED, "OOMKilled", "raise the memory")
    assert judge(Evidence(False, life(), reach=THERE, job=failed), NOW).remedy == "raise the memory"
