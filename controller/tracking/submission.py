"""Creates the Jobs of planned steps: at most one of each name, whatever became of earlier ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.clusters.interface import Cluster, JobState, JobStatus
from controller.kinds.registry import image_of
from controller.ledger.events import Event, EventType, Ledger
from controller.ledger.history import History
from controller.ledger.label import note_label
from controller.planning.finished_run import hold
from controller.planning.manifest import render
from controller.planning.plan import Step, inputs_first
from controller.profiles.profile import Profile
from controller.tracking.reconcile import why_failed
from jobs.artifact import Artifact, incomplete, is_complete
from jobs.errors import PreflightError
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
    """The inputs that are not complete."""
    why_again: str = ""
    unreleased: bool = False
    """Its inputs are complete, and no tracker has released its Job yet."""
    outdated: tuple[str, ...] = ()
    """How the pods at work differ from what the profile says now."""


def submit(
    steps: Sequence[Step],
    profile: Profile,
    store: Store,
    cluster: Cluster,
    *,
    by: str = "",
    notify: str = "",
    clock: Callable[[], float] = time.time,
) -> list[Submitted]:
    """Create every step's Job, inputs first, suspended where an input is not complete.

    The webhook ``notify`` is called when a step ends that is not complete by now.
    A Job of which nothing runs yet is made anew when the profile has changed since; its record continues.

    The cluster validates every Job before anything is written. A Job that ended without its artifact is deleted
    first. Raises ``ForeignJobError``, ``StillThereError``.
    """
    ordered = inputs_first(steps)
    for step in ordered:
        if not is_complete(store, step.name):
            cluster.validate(render(step, profile, suspend=True))
    return [_submit(step, profile, store, cluster, by, notify, clock) for step in ordered]


def _submit(
    step: Step, profile: Profile, store: Store, cluster: Cluster, by: str, notify: str, clock: Callable[[], float]
) -> Submitted:
    if is_complete(store, step.name):
        note_label(store, step.name, step.label, clock())
        return Submitted(step, SubmissionOutcome.COMPLETE)
    missing = incomplete(store, step.after)
    job = render(step, profile, suspend=bool(missing))
    status = cluster.status(step.name)
    ledger = Ledger(store)
    events = ledger.events(step.name)
    history = History(events)
    if status and not status.condition:
        changes = cluster.template_changes(job)
        if not changes or status.state not in (JobState.SUSPENDED, JobState.PENDING):
            if notify and notify not in history.webhooks:
                ledger.append(step.name, Event(EventType.NOTIFY, clock(), notify))
            note_label(store, step.name, step.label, clock())
            ready = status.state is JobState.SUSPENDED and not missing and not profile.queue
            return Submitted(step, SubmissionOutcome.THERE, missing, unreleased=ready, outdated=changes)
        why_again = f"the profile has changed since ({'; '.join(changes)}), and nothing of it ran"
    else:
        why_again = _why_again(status, history, store)
    artifact = Artifact(store, step.spec)
    artifact.submit()
    if status:
        cluster.delete(step.name)
    # Before the Job: a tracker that sees the Job finds out that it is another than the last.
    known = ledger.append(step.name, _submitted(step, profile, by, clock()))
    if notify:
        ledger.append(step.name, Event(EventType.NOTIFY, clock(), notify))
    if known > len(events):
        events += ledger.events(step.name, after=len(events))
    _mark_removals(artifact, events)
    try:
        hold(store, step.spec, at=clock())
    except PreflightError as error:
        ledger.append(step.name, Event(EventType.FAILED, clock(), f"{error.thing}: {error.reason}"))
        raise
    cluster.create(job)
    return Submitted(step, SubmissionOutcome.AGAIN if why_again else SubmissionOutcome.CREATED, missing, why_again)


def _submitted(step: Step, profile: Profile, by: str, at: float) -> Event:
    image = "" if profile.is_local else image_of(step.spec.kind, profile)
    return Event(EventType.SUBMITTED, at, step.command, by=by, arguments=step.arguments, image=image, label=step.label)


def _mark_removals(artifact: Artifact, events: Sequence[Event]) -> None:
    """Complete what ``gc`` announced and may not have come to: no container must begin in an edition that goes."""
    for event in events:
        if event.type is EventType.COLLECTED and event.edition:
            artifact.remove_edition(event.edition, event.detail)


def _why_again(status: JobStatus | None, history: History, store: Store) -> str:
    if status and status.bucket in ("", store.location):
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
