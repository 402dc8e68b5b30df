"""Derives a step's state and the reason for it from the bucket and the cluster. Pure.

Only the manifest says that a step is complete. For everything else the cluster is asked first; if it does not answer,
a step counts as running only if its last heartbeat is recent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.clusters.interface import JobState, JobStatus
from controller.clusters.job_status import waits_for
from controller.ledger.events import NOTES, Event, EventType, Observed, read_observed
from controller.time_words import ago, span

SILENCE_SECONDS = 120.0
"""Without a heartbeat for this long, a step does not count as running unless its Job does."""
STALL_SECONDS = 900.0
"""A running pod without a heartbeat for this long is worth a remark. Compiling for a TPU takes minutes."""
ENDING_SECONDS = 10.0
"""A worker that was told to end may still write a heartbeat for this long."""
CREATION_SECONDS = 60.0
"""Time between a step's entry in the ledger and its Job."""

CONTINUE = "the same command continues it: "


class State(StrEnum):
    COMPLETE = "complete"
    """Its manifest exists."""
    RUNNING = "running"
    """Workers are at work on it."""
    PENDING = "pending"
    """Its Job exists, and none of its pods runs."""
    WAITING = "waiting"
    """It waits for its inputs or for a queue."""
    ENDING = "ending"
    """Its Job is complete, has failed or is being deleted, and its pods are still ending."""
    SUBMITTED = "submitted"
    """It was submitted a moment ago."""
    FAILED = "failed"
    """It ended without its outputs; its reason says why."""
    CANCELLED = "cancelled"
    """Somebody cancelled it; its committed work stays."""
    INTERRUPTED = "interrupted"
    """Nothing works on it any more, and nobody cancelled it."""
    UNKNOWN = "unknown"
    """It is not complete, and the cluster cannot be asked."""
    COLLECTED = "collected"
    """``covid-ctl gc`` has removed what it had made."""
    DAMAGED = "damaged"
    """Its objects in the bucket cannot be read."""

    @property
    def goes_on(self) -> bool:
        """Whether the state can change without anybody doing anything."""
        return self in (
            State.RUNNING, State.PENDING, State.WAITING, State.ENDING, State.SUBMITTED, State.UNKNOWN
        )  # fmt: skip


class Reachability(StrEnum):
    """Whether there is a cluster to ask."""

    NONE = "none"
    """Steps run as processes of this machine."""
    REACHED = "reached"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class StateInputs:
    """Everything known about a step."""

    complete: bool
    """Its manifest exists."""
    events: Sequence[Event]
    """The ledger's, oldest first; at least one."""
    last_heartbeat_at: float | None = None
    """Time of the newest heartbeat, by the worker's clock."""
    missing: tuple[str, ...] = ()
    """The steps it reads that are not complete."""
    reachability: Reachability = Reachability.NONE
    job: JobStatus | None = None
    """None, too, where ``reach`` is not ``REACHED``."""


@dataclass(frozen=True)
class DerivedState:
    state: State
    reason: str = ""
    remedy: str = ""


def derive_state(inputs: StateInputs, now: float) -> DerivedState:
    """``now`` in seconds since the epoch."""
    if inputs.complete:
        return DerivedState(State.COMPLETE)
    if inputs.job:
        return _by_job(inputs.job, inputs, now)
    last = last_of_life(inputs.events)
    again = f"{CONTINUE}{inputs.events[0].detail}"
    match last.type:
        case EventType.FAILED:
            known = last_observed(inputs.events)
            remedy = known[0].remedy if known and known[0].state == JobState.FAILED else ""
            return DerivedState(State.FAILED, last.detail, remedy or again)
        case EventType.CANCELLED if _outlived(last, inputs.last_heartbeat_at, now):
            reason = f"cancelled {last.detail} {ago(now - last.at)}, and a worker of another command goes on"
            return DerivedState(State.RUNNING, " ".join(reason.split()))
        case EventType.CANCELLED:
            return DerivedState(State.CANCELLED, " ".join(filter(None, [last.detail, ago(now - last.at)])), again)
        case EventType.COLLECTED:
            made_again = f"the same command makes it again: {inputs.events[0].detail}"
            return DerivedState(State.COLLECTED, f"{last.detail}; removed {ago(now - last.at)}", made_again)
    if is_alive(inputs.last_heartbeat_at, now):
        elsewhere = inputs.reachability is Reachability.REACHED
        return DerivedState(State.RUNNING, "by its signs of life; it has no Job in this namespace" if elsewhere else "")
    if (ahead := max(last.at, inputs.last_heartbeat_at or 0.0) - now) >= SILENCE_SECONDS:
        reason = f"its last sign of life is {span(ahead)} in the future: this machine's clock or its worker's is wrong"
        return DerivedState(State.UNKNOWN, reason, "set the clocks right; covid-ctl doctor compares them")
    if last.type is EventType.SUCCEEDED:
        return DerivedState(State.INTERRUPTED, "it was complete once, and its manifest is gone", again)
    match inputs.reachability:
        case Reachability.NONE:
            return _of_this_machine(inputs, last, now, again)
        case Reachability.REACHED if (
            inputs.events[-1].type is EventType.SUBMITTED and abs(now - last.at) < CREATION_SECONDS
        ):
            return DerivedState(State.SUBMITTED, "its Job is being made")
        case Reachability.REACHED:
            return DerivedState(State.INTERRUPTED, "its Job is gone: deleted, or past its time to live", again)
        case Reachability.UNREACHABLE:
            return DerivedState(State.UNKNOWN, _last_known(inputs, last, now), "covid-ctl doctor says why")


def last_of_life(events: Sequence[Event]) -> Event:
    """The last event that is not a note."""
    return next((event for event in reversed(events) if event.type not in NOTES), events[0])


def last_observed(events: Sequence[Event]) -> tuple[Observed, float] | None:
    """The tracker's last note of the Job and its time; None if that was before the latest start."""
    for event in reversed(events):
        if event.type in (EventType.SUBMITTED, EventType.STARTED):
            break
        if event.type is EventType.OBSERVED:
            try:
                return read_observed(event), event.at
            except ValueError:
                break  # it decides nothing
    return None


def _by_job(job: JobStatus, inputs: StateInputs, now: float) -> DerivedState:
    state = {
        JobState.SUSPENDED: State.WAITING,
        JobState.PENDING: State.PENDING,
        JobState.RUNNING: State.RUNNING,
        JobState.ENDING: State.ENDING,
        JobState.COMPLETE: State.FAILED,
        JobState.FAILED: State.FAILED,
    }[job.state]
    again = f"{CONTINUE}{inputs.events[0].detail}"
    if job.condition and job.condition.reason == "PodFailurePolicy":
        again = f"repeating it fails again: mend the cause first, then {inputs.events[0].detail}"
    if job.state is JobState.COMPLETE:
        return DerivedState(state, "its Job is complete and left no manifest", f"read covid-ctl logs; {again}")
    reason = job.reason
    heard = inputs.last_heartbeat_at
    if state is State.RUNNING and not reason and heard is not None:
        if now - heard > STALL_SECONDS:
            reason = f"runs, and has written no heartbeat for {span(now - heard)}"
        elif now - heard > SILENCE_SECONDS:
            reason = f"last heartbeat {ago(now - heard)}"
    return DerivedState(state, reason, job.remedy or (again if state is State.FAILED else ""))


def _of_this_machine(inputs: StateInputs, last: Event, now: float, again: str) -> DerivedState:
    """A process that was killed leaves nothing but missing heartbeats."""
    silent = now - max(last.at, inputs.last_heartbeat_at or 0.0)
    if last.type is EventType.SUBMITTED:
        if inputs.missing:
            return DerivedState(State.WAITING, waits_for(inputs.missing))
        return DerivedState(State.SUBMITTED, "has not been started", again)
    if abs(silent) < SILENCE_SECONDS:
        return DerivedState(State.RUNNING)
    return DerivedState(State.INTERRUPTED, f"silent for {span(silent)}", again)


def _last_known(inputs: StateInputs, last: Event, now: float) -> str:
    if known := last_observed(inputs.events):
        seen, at = known
        return f"{': '.join(filter(None, [seen.state, seen.reason]))} ({ago(now - at)})"
    if inputs.last_heartbeat_at:
        return f"last sign of life {ago(now - inputs.last_heartbeat_at)}"
    if inputs.missing:
        return waits_for(inputs.missing)
    return f"{last.type} {ago(now - last.at)}"


def _outlived(cancelled: Event, last_heartbeat_at: float | None, now: float) -> bool:
    """Whether a worker has been heard long after the cancellation: two commands were at work on the step."""
    if last_heartbeat_at is None or not is_alive(last_heartbeat_at, now):
        return False
    return last_heartbeat_at - cancelled.at > ENDING_SECONDS


def is_alive(last_heartbeat_at: float | None, now: float) -> bool:
    """A heartbeat from the future counts as little as an old one: the clocks disagree."""
    return last_heartbeat_at is not None and abs(now - last_heartbeat_at) < SILENCE_SECONDS
