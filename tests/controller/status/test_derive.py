"""Which state a step is in and why, from what bucket and cluster say of it. Tables."""

from dataclasses import replace
from functools import partial

import pytest

from controller.clusters.interface import JobState, JobStatus
from controller.clusters.job_policy import Condition
from controller.ledger.events import Event, EventType, Observed, note_observed
from controller.status.derive import Reachability, State, StateInputs, derive_state

NOW = 1_800_000_000.0
COMMAND = "covid-ctl submit preprocess"
SUBMITTED, RELEASED, STARTED = EventType.SUBMITTED, EventType.RELEASED, EventType.STARTED


def life(*types: EventType, ago: float = 3600.0, detail: str = "") -> list[Event]:
    """A submission, and what followed it; the last of it ``ago`` seconds before now."""
    after = [Event(kind, NOW - ago, detail) for kind in types]
    return [Event(SUBMITTED, NOW - max(ago, 7200.0) if after else NOW - ago, COMMAND), *after]


def job(state: JobState, reason: str = "", remedy: str = "") -> JobStatus:
    return JobStatus(
        active=0, succeeded=0, failed=0, failures=0, condition=None, state=state, reason=reason, remedy=remedy
    )


def noted(state: str, reason: str, ago: float) -> Event:
    return note_observed(NOW - ago, Observed(state, reason))


JUST_NOW, LONG_AGO, AHEAD = NOW - 5.0, NOW - 4000.0, NOW + 4000.0
reached = partial(StateInputs, False, reachability=Reachability.REACHED)
complete = partial(StateInputs, True, reachability=Reachability.REACHED)
unreachable = partial(StateInputs, False, reachability=Reachability.UNREACHABLE)


@pytest.mark.parametrize(
    ("name", "inputs", "state", "reason"),
    [
        ("the manifest alone says complete", complete(life(EventType.FAILED)), State.COMPLETE, ""),
        (
            "complete, whatever its Job says",
            complete(life(), job=job(JobState.RUNNING)), State.COMPLETE, "",
        ),
        # processes of this machine
        ("is alive", StateInputs(False, life(STARTED), JUST_NOW), State.RUNNING, ""),
        ("has started a moment ago", StateInputs(False, life(STARTED, ago=3.0)), State.RUNNING, ""),
        ("silent", StateInputs(False, life(STARTED), LONG_AGO), State.INTERRUPTED, "silent for 60 min"),
        ("a sign of life from the future", StateInputs(False, life(STARTED), AHEAD), State.UNKNOWN, "its last sign of"),
        ("never started", StateInputs(False, life()), State.SUBMITTED, "has not been started"),
        (
            "waits its turn",
            StateInputs(False, life(), missing=("ingest-1", "vocabulary-2")),
            State.WAITING, "waits for its inputs ingest-1, vocabulary-2",
        ),
        ("failed", StateInputs(False, life(EventType.FAILED, detail="no sense")), State.FAILED, "no sense"),
        ("started again", StateInputs(False, life(EventType.FAILED, STARTED, ago=3.0)), State.RUNNING, ""),
        (
            "failed, though a last heartbeat is young",
            StateInputs(False, life(EventType.FAILED, detail="no sense", ago=1.0), JUST_NOW), State.FAILED, "no sense",
        ),
        ("cancelled", StateInputs(False, life(EventType.CANCELLED)), State.CANCELLED, "60 min ago"),
        (
            "cancelled, and a worker of another command is heard",
            StateInputs(False, life(EventType.CANCELLED), JUST_NOW),
            State.RUNNING, "cancelled 60 min ago, and a worker of another command goes on",
        ),
        (
            "cancelled a moment ago", StateInputs(False, life(EventType.CANCELLED, ago=4.0), JUST_NOW),
            State.CANCELLED, "4 s ago",
        ),
        (
            "a worker whose clock is ahead", StateInputs(False, life(STARTED), NOW + 7200.0),
            State.UNKNOWN, "its last sign of life is 2 h in the future",
        ),
        (
            "removed", StateInputs(False, life(EventType.COLLECTED, detail="superseded by x")),
            State.COLLECTED, "superseded by x; removed 60 min ago",
        ),
        (
            "a manifest deleted by hand", StateInputs(False, life(EventType.SUCCEEDED)),
            State.INTERRUPTED, "it was complete once, and its manifest is gone",
        ),
        # a cluster that answers
        ("runs", reached(life(), JUST_NOW, job=job(JobState.RUNNING)), State.RUNNING, ""),
        (
            "runs and is silent",
            reached(life(), LONG_AGO, job=job(JobState.RUNNING)),
            State.RUNNING, "runs, and has written no heartbeat for 66 min",
        ),
        (
            "evicted while its heartbeat is young",
            reached(life(STARTED), JUST_NOW, job=job(JobState.PENDING, "back-off: index 0")),
            State.PENDING, "back-off: index 0",
        ),
        (
            "suspended",
            reached(life(), missing=("a-1",), job=job(JobState.SUSPENDED, "waits for a-1")),
            State.WAITING, "waits for a-1",
        ),
        ("ending", reached(life(), job=job(JobState.ENDING, "ends")), State.ENDING, "ends"),
        (
            "failed Job", reached(life(), job=job(JobState.FAILED, "FailedIndexes: 1,3")),
            State.FAILED, "FailedIndexes: 1,3",
        ),
        (
            "a Job that is complete without a manifest",
            reached(life(), job=job(JobState.COMPLETE)),
            State.FAILED, "its Job is complete and left no manifest",
        ),
        (
            "its Job has vanished", reached(life(RELEASED), LONG_AGO),
            State.INTERRUPTED, "its Job is gone",
        ),
        (
            "the tracker saw it run, then its Job vanished",
            reached([*life(RELEASED), noted("running", "", 700.0)], LONG_AGO),
            State.INTERRUPTED, "its Job is gone",
        ),
        (
            "its Job has vanished soon after it was seen",
            reached([*life(ago=5.0), noted("pending", "", 3.0)]),
            State.INTERRUPTED, "its Job is gone",
        ),
        ("just submitted", reached(life(ago=5.0)), State.SUBMITTED, "its Job is being made"),
        (
            "runs elsewhere", reached(life(STARTED), JUST_NOW),
            State.RUNNING, "by its signs of life",
        ),
        (
            "failed, and the Job's time to live is over",
            reached(life(EventType.FAILED, detail="OOMKilled")), State.FAILED, "OOMKilled",
        ),
        # a cluster that does not answer, or is no more
        ("is alive by the bucket", unreachable(life(), JUST_NOW), State.RUNNING, ""),
        (
            "was running when last seen, and is silent",
            unreachable([*life(RELEASED), noted("running", "", 700.0)], LONG_AGO),
            State.UNKNOWN, "running (11 min ago)",
        ),
        (
            "was pending when last seen",
            unreachable([*life(RELEASED), noted("pending", "Unschedulable: no node", 7300.0)]),
            State.UNKNOWN, "pending: Unschedulable: no node (2 h ago)",
        ),
        (
            "an observation of before it was submitted again",
            unreachable([noted("failed", "x", 9000.0), *life(ago=7300.0)]),
            State.UNKNOWN, "submitted 2 h ago",
        ),
        (
            "an observation that cannot be read",
            unreachable([*life(), Event(EventType.OBSERVED, NOW, "{")]),
            State.UNKNOWN, "submitted 60 min ago",
        ),
        ("never seen", unreachable(life(), LONG_AGO), State.UNKNOWN, "last sign of life 66 min ago"),
        ("inputs missing", unreachable(life(), missing=("a-1",)), State.UNKNOWN, "waits for its input"),
        ("failed, before", unreachable(life(EventType.FAILED, detail="x")), State.FAILED, "x"),
    ],
)  # fmt: skip
def test_state(name: str, inputs: StateInputs, state: State, reason: str) -> None:
    derived = derive_state(inputs, NOW)
    assert (derived.state, derived.reason[: len(reason)]) == (state, reason), name
    assert bool(derived.reason) is bool(reason), name


@pytest.mark.parametrize("reachability", Reachability)
@pytest.mark.parametrize("last", EventType)
def test_whatever_has_ended_without_a_manifest_tells_how_to_continue(
    reachability: Reachability, last: EventType
) -> None:
    derived = derive_state(StateInputs(False, life(last), LONG_AGO, reachability=reachability), NOW)
    assert derived.state is not State.RUNNING
    assert derived.state.goes_on or COMMAND in derived.remedy


def test_the_clusters_remedy_comes_first() -> None:
    failed = job(JobState.FAILED, "OOMKilled", "raise the memory")
    assert derive_state(reached(life(), job=failed), NOW).remedy == "raise the memory"


def test_a_failure_that_no_repetition_mends_is_not_told_to_be_repeated() -> None:
    condition = Condition("Failed", "PodFailurePolicy")
    failed = replace(job(JobState.FAILED, "no such recipe"), condition=condition)
    remedy = derive_state(reached(life(), job=failed), NOW).remedy
    assert remedy == f"repeating it fails again: mend the cause first, then {COMMAND}"


def test_the_remedy_that_was_noted_outlives_the_job() -> None:
    events = [
        *life(),
        note_observed(NOW - 60, Observed("failed", "no such corpus", "give another --corpus")),
        Event(EventType.FAILED, NOW - 60, "no such corpus"),
    ]
    for found in (reached(events), StateInputs(False, events)):
        assert derive_state(found, NOW).remedy == "give another --corpus"
