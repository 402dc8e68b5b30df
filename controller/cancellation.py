"""Ending a step that was submitted: its pods go, its record and what it committed stay."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from controller.api_errors import ForbiddenError, ForeignJobError
from controller.history import History
from controller.kubernetes import KubernetesCluster
from controller.ledger import Event, EventType, Ledger
from controller.manifest import ANNOTATION_BUCKET, LABEL_MANAGED_BY, MANAGER
from controller.state import observe
from controller.verdict import State
from jobs.artifact import Artifact
from jobs.errors import PreflightError
from jobs.store import Store


@dataclass(frozen=True)
class Cancelled:
    was: str
    """``cancelled``, or why there was nothing to cancel."""
    behind: tuple[str, ...] = ()
    """Jobs that stay suspended because of it."""


def cancel(
    name: str, store: Store, cluster: KubernetesCluster, *, who: str, clock: Callable[[], float] = time.time
) -> Cancelled:
    """Note it, delete the Job, and wait until its pods are gone.

    Raises ``ConfigurationError`` when no such step was submitted, ``ForeignJobError``, ``ForbiddenError`` before
    anything is noted, and ``StillThereError`` when the deletion takes long: it goes on.
    """
    artifact = Artifact.open(store, name)
    ledger = Ledger(store)
    history = History(ledger.events(name))
    job = cluster.job(name)
    complete = artifact.manifest() is not None
    if job is None:
        if complete or not history.is_under_way:
            return Cancelled("already complete" if complete else f"not running: {history.life or 'never submitted'}")
        ledger.append(name, Event(EventType.CANCELLED, clock(), who))
        return Cancelled("cancelled; its Job was gone", _behind(name, cluster))
    if job.labels.get(LABEL_MANAGED_BY) != MANAGER:
        raise ForeignJobError(f"jobs/{name}", "covid-ctl did not make this Job", f"kubectl describe job {name}")
    if (bucket := job.annotations.get(ANNOTATION_BUCKET)) != store.location:
        raise ForeignJobError(
            f"jobs/{name}", f"it fills another bucket, {bucket}", f"covid-ctl cancel {name} --bucket {bucket}"
        )
    review = cluster.may("delete", "jobs", group="batch")
    if not review.allowed:
        where = f"jobs in namespace {cluster.namespace}"
        raise ForbiddenError(where, f"you may not delete them {review.reason}".strip(), "ask for covid-ctl-submitter")
    if not complete and history.life is not EventType.CANCELLED:
        # Before the deletion, which a tracker would else take for an accident.
        ledger.append(name, Event(EventType.CANCELLED, clock(), who))
    cluster.delete(name)
    return Cancelled(
        "already complete; its Job is deleted" if complete else "cancelled", () if complete else _behind(name, cluster)
    )


def cancel_local(name: str, store: Store, *, who: str, clock: Callable[[], float] = time.time) -> Cancelled:
    """Raises ``PreflightError`` for a step whose processes belong to another covid-ctl."""
    state = observe(store, name, now=clock())
    if state.state is State.RUNNING:
        raise PreflightError(
            name,
            "it runs as processes of another covid-ctl, which alone can end them",
            # By its workers' parent: another command's inputs are made under that command's words.
            f"press Ctrl-C there, or end it: kill -INT $(ps -o ppid= -p $(pgrep -f -o -- '--name {name}'))",
        )
    if state.state not in (State.INTERRUPTED, State.SUBMITTED, State.WAITING):
        return Cancelled(f"not running: {state.state}")
    Ledger(store).append(name, Event(EventType.CANCELLED, clock(), who))
    return Cancelled("cancelled; nothing of it ran")


def _behind(name: str, cluster: KubernetesCluster) -> tuple[str, ...]:
    """The suspended Jobs that wait for it, directly or through others."""
    waiting = {job.name: job.inputs for job in cluster.jobs() if job.suspended}
    found: list[str] = []
    ahead = [name]
    while ahead:
        one = ahead.pop()
        new = [other for other, inputs in sorted(waiting.items()) if one in inputs and other not in found]
        found += new
        ahead += new
    return tuple(found)
