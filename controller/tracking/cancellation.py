"""Cancels steps: their pods are deleted, their records and committed work stay."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import (
    ForbiddenError,
    ForeignJobError,
    OverloadedError,
    UnauthorizedError,
    UnreachableError,
)
from controller.kube.kubectl import within
from controller.labels import ANNOTATION_BUCKET, LABEL_MANAGED_BY, MANAGER
from controller.ledger.events import Event, EventType, Ledger
from controller.ledger.history import History
from controller.status.derive import State
from controller.status.step_status import observe
from jobs.artifact import Artifact
from jobs.errors import CovidCtlError, PreflightError
from jobs.store import Store

_OUTAGES = (UnreachableError, UnauthorizedError, OverloadedError)


@dataclass(frozen=True)
class Cancelled:
    was: str
    """``cancelled``, or why there was nothing to cancel."""
    behind: tuple[str, ...] = ()
    """The Jobs that stay suspended because of it."""
    going: bool = False
    """Its Job is being deleted, after its pods."""


def cancel(
    names: Iterable[str], store: Store, cluster: KubernetesCluster, *, who: str, clock: Callable[[], float] = time.time
) -> Iterator[tuple[str, Cancelled | CovidCtlError]]:
    """Note each cancellation and delete its Job, then wait until all pods are gone.

    An error of one step does not keep the others running. It is yielded in place of the result:
    ``ConfigurationError`` when no such step was submitted, ``ForeignJobError``, ``ForbiddenError`` before anything is
    noted, ``StillThereError`` when a deletion takes long (it goes on). A cluster that does not answer is not asked
    again; its error comes last, under the context's name.
    """
    ended: dict[str, Cancelled | CovidCtlError] = {}
    outage: CovidCtlError | None = None
    try:
        for name in names:
            try:
                ended[name] = _end(name, store, cluster, who, clock)
            except _OUTAGES:
                raise
            except CovidCtlError as error:
                ended[name] = error
        going = [name for name, one in ended.items() if isinstance(one, Cancelled) and one.going]
        ended |= {name: error for name, error in cluster.wait_until_gone(going) if error}
    except _OUTAGES as error:
        outage = error
    yield from ended.items()
    if outage:
        yield cluster.api.context, outage


def _end(name: str, store: Store, cluster: KubernetesCluster, who: str, clock: Callable[[], float]) -> Cancelled:
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
        look = within(cluster.namespace, f"describe job {name}")
        raise ForeignJobError(f"jobs/{name}", "covid-ctl did not make this Job", look)
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
    cluster.delete(name, wait_seconds=0)
    if complete:
        return Cancelled("already complete; its Job is deleted", going=True)
    return Cancelled("cancelled", _behind(name, cluster), going=True)


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
