"""From planned steps to Jobs: each at most once, by name, whatever became of earlier ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.clusters.interface import Cluster, JobState, JobStatus
from controller.ledger.events import Event, EventType, Ledger
from controller.ledger.history import History
from controller.planning.manifest import render
from controller.planning.plan import Step, inputs_first
from controller.profiles.profile import Profile
from controller.tracking.reconcile import why_failed
from jobs.artifact import Artifact, incomplete, is_complete
from jobs.store import Store


class SubmissionOutcome(StrEnum):
    COMPLETE = "already complete"
    THERE = "is there already"
    CREATED = "created"
    AGAIN = "created again"


@dataclass(frozen=True)
class Submitted:
    """What became of one step's submission."""

    step: Step
    outcome: SubmissionOutcome
    missing: tuple[str, ...] = ()
    """The inputs that its Job waits for."""
    why_again: str = ""
    unreleased: bool = False
    """Its inputs are complete, and no tracker has released its Job yet."""


def submit(
    steps: Sequence[Step],
    profile: Profile,
    store: Store,
    cluster: Cluster,
    *,
    clock: Callable[[], float] = time.time,
) -> list[Submitted]:
    """Bring every step's Job into being, inputs first; suspended where an input is not complete.

    The cluster validates every Job before anything is written. A Job that ended without its artifact is deleted
    first. Raises ``ForeignJobError``, ``StillThereError``.
    """
    ordered = inputs_first(steps)
    for step in ordered:
        if not is_complete(store, step.name):
            cluster.validate(render(step, profile, suspend=True))
    return [_submit(step, profile, store, cluster, clock) for step in ordered]


def _submit(step: Step, profile: Profile, store: Store, cluster: Cluster, clock: Callable[[], float]) -> Submitted:
    if is_complete(store, step.name):
        return Submitted(step, SubmissionOutcome.COMPLETE)
    missing = incomplete(store, step.after)
    status = cluster.status(step.name)
    if status and not status.condition:
        ready = status.state is JobState.SUSPENDED and not missing and not profile.queue
        return Submitted(step, SubmissionOutcome.THERE, missing, unreleased=ready)
    Artifact(store, step.spec).submit()
    why_again = _why_again(status, History(Ledger(store).events(step.name)))
    if status:
        cluster.delete(step.name)
    # Before the Job: a tracker that sees the Job finds out that it is another than the last.
    Ledger(store).append(step.name, Event(EventType.SUBMITTED, clock(), step.command))
    cluster.create(render(step, profile, suspend=bool(missing)))
    return Submitted(step, SubmissionOutcome.AGAIN if why_again else SubmissionOutcome.CREATED, missing, why_again)


def _why_again(status: JobStatus | None, history: History) -> str:
    if status:
        return f"it had failed: {why_failed(status).reason}"
    match history.life:
        case None:
            return ""
        case EventType.FAILED:
            return f"it had failed: {history.detail}"
        case EventType.CANCELLED:
            return "it had been cancelled"
        case EventType.SUCCEEDED:
            return "its artifact is gone"
        case _:
            return "its Job was gone"
