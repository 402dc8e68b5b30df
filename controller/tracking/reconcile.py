"""Decides what a tracker does about a step, from its Job now and what the ledger says already. Pure.

Level-triggered: nothing depends on which change was seen. ``next_event`` names one event at a time. A tracker that
could not append it, because another was first, reads the ledger on and asks again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from controller.clusters.interface import JobState, JobStatus
from controller.clusters.job_policy import COMPLETE
from controller.clusters.objects import ObservedPod
from controller.clusters.pod_diagnosis import Diagnosis, last_line, parse_termination_message, why_ended
from controller.ledger.events import Event, EventType, Observed, PodFailure, note_observed, note_pod_failures
from controller.ledger.history import History

OBSERVED_SECONDS = 30.0
"""Shortest time between two notes of one state whose reasons differ: a busy cluster has a new reason every second."""

_DIGITS = re.compile(r"\d+")


@dataclass(frozen=True)
class Snapshot:
    """One step's Job at one moment."""

    status: JobStatus | None
    """None when the Job is gone."""
    complete: bool = False
    """The manifest exists. Looked up only where it decides: for a Job that has ended or is gone."""
    inputs: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    """The inputs that are not complete."""
    queued: bool = False
    """Kueue decides when it runs."""
    ended_pods: Sequence[ObservedPod] = ()
    """Includes pods that have vanished since."""


def is_releasable(snapshot: Snapshot, history: History) -> bool:
    """True at most once per submission: a Job that somebody suspends later stays suspended."""
    waits = snapshot.status is not None and snapshot.status.state is JobState.SUSPENDED
    return waits and not snapshot.queued and not snapshot.missing and history.life in (None, EventType.SUBMITTED)


def release_event(snapshot: Snapshot, now: float) -> Event:
    return Event(EventType.RELEASED, now, ", ".join(snapshot.inputs))


def is_settled(status: JobStatus | None, history: History) -> bool:
    """Whether everything about this Job has been noted."""
    ended = status is None or status.condition is not None
    return ended and history.life is not None and not history.is_under_way


def next_event(snapshot: Snapshot, history: History, now: float) -> Event | None:
    """The next event to note, or None when everything has been."""
    status = snapshot.status
    if status is None:
        return _after_deletion(snapshot, history, now)
    if failures := _new_failures(snapshot, status, history):
        return note_pod_failures(now, failures)
    if status.condition:
        if not history.is_under_way and history.life is not None:
            return None
        return _last_observation(status, history, now) or _end(snapshot, status, now)
    if status.state is JobState.RUNNING and history.life not in (EventType.STARTED, EventType.CANCELLED):
        return Event(EventType.STARTED, now)
    return _observation(status, history, now)


def why_failed(status: JobStatus) -> Diagnosis:
    """Why a Job ended without its artifact, and what to do, from its containers' termination messages."""
    condition = status.condition
    deadline = condition is not None and condition.reason == "DeadlineExceeded"
    if not deadline and (told := parse_termination_message(status.message)):
        return told
    if status.reason:
        return Diagnosis(status.reason, status.remedy)
    outline = f"{condition.reason}, {condition.message}" if condition and condition.type != COMPLETE else ""
    return Diagnosis("; ".join(filter(None, (outline, last_line(status.message)))) or "it wrote no manifest")


def _after_deletion(snapshot: Snapshot, history: History, now: float) -> Event | None:
    if not history.is_under_way:
        return None
    if snapshot.complete:
        return Event(EventType.SUCCEEDED, now)
    return Event(EventType.FAILED, now, "its Job was deleted before it was complete")


def _end(snapshot: Snapshot, status: JobStatus, now: float) -> Event:
    """The manifest alone decides."""
    return (
        Event(EventType.SUCCEEDED, now)
        if snapshot.complete
        else Event(EventType.FAILED, now, why_failed(status).reason)
    )


def _new_failures(snapshot: Snapshot, status: JobStatus, history: History) -> list[PodFailure]:
    ending = status.state is JobState.ENDING or status.condition is not None
    failures: list[PodFailure] = []
    ahead: dict[int, int] = {}
    for pod in sorted(snapshot.ended_pods, key=lambda pod: (pod.finished_at or pod.created_at or 0.0, pod.name)):
        if pod.name in history.attempts or pod.index is None or not (pod.phase == "Failed" or pod.disruption):
            continue
        if ending and pod.deleting and not pod.disruption:
            continue  # it ended because its Job did
        why = why_ended(pod) or Diagnosis(f"disrupted: {pod.disruption}")
        attempt = history.next_attempt(pod.index) + ahead.get(pod.index, 0)
        ahead[pod.index] = ahead.get(pod.index, 0) + 1
        failures.append(
            PodFailure(pod.name, pod.index, attempt, why.reason, why.remedy, pod.exit_code, bool(pod.disruption))
        )
    return failures


def _last_observation(status: JobStatus, history: History, now: float) -> Event | None:
    """The terminal record. It is exact, because nothing else remains."""
    observed = _observed(status, history)
    return None if observed == history.observed else note_observed(now, observed)


def _observation(status: JobStatus, history: History, now: float) -> Event | None:
    observed, before = _observed(status, history), history.observed
    if before is None or observed.state != before.state:
        return note_observed(now, observed)
    alike = _gist(observed) == _gist(before)
    return None if alike or now - history.observed_at < OBSERVED_SECONDS else note_observed(now, observed)


def _gist(observed: Observed) -> str:
    """The reason without its numbers: seconds and shares change all the time."""
    return _DIGITS.sub("#", observed.reason)


def _observed(status: JobStatus, history: History) -> Observed:
    why = Diagnosis(status.reason, status.remedy)
    if status.condition and status.condition.type != COMPLETE:
        why = why_failed(status)
    return Observed(
        state=str(status.state),
        active=status.active,
        succeeded=status.succeeded,
        failed=status.failed,
        retries=max(status.retries, history.observed.retries if history.observed else 0),
        preempted=max(status.preempted, history.preempted),
        **asdict(why),
    )
