"""The control loop: see what changed, release what is ready, note what is new, bring logs to safety.

It finds its work in the Jobs themselves (annotations name the bucket and the inputs) and keeps nothing that
the ledger, the bucket and the cluster do not tell it again. Two at once do no harm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace

from controller.clusters.interface import JobState
from controller.clusters.objects import ObservedPod
from controller.kube.api_errors import NotFoundError
from controller.ledger.events import Event, EventType, Ledger
from controller.ledger.history import History
from controller.tracking.log_shipping import Attempt, ship_logs, shipped_logs
from controller.tracking.observer import Observer, TrackedJob
from controller.tracking.reconcile import Snapshot, is_releasable, is_settled, next_event, released
from jobs.artifact import incomplete, manifest_path
from jobs.errors import CovidCtlError
from jobs.store import Store

RESYNC_SECONDS = 30.0
"""How often everything is looked at though nothing changed: back-offs end, inputs are made elsewhere."""
RETRY_SECONDS = 5.0
"""After a step could not be brought up to date."""
LOGS_AT_ONCE = 32
"""Between two questions whether the lease still holds."""

OnError = Callable[[str, CovidCtlError], None]
OnEvent = Callable[[str, Event], None]
"""Told of what this tracker, and no other, has noted."""


@dataclass
class _Known:
    """What is remembered of one Job, to save reading it again."""

    job: TrackedJob
    store: Store
    history: History
    logs: set[str] | None = None
    """Keys of the attempts whose logs are in the bucket; None: not looked yet."""
    pods: dict[str, ObservedPod] = field(default_factory=dict)
    """Ended ones that are still to be dealt with; the cluster may have forgotten them."""
    gone_at: float | None = None
    """When its Job was found to be gone, and all that was to be noted of it was."""


class Tracker:
    """``names`` restricts it to some steps. ``may_write`` is asked before each step: a lost lease says no."""

    def __init__(
        self,
        observer: Observer,
        *,
        names: Collection[str] | None = None,
        may_write: Callable[[], bool] = lambda: True,
        on_error: OnError,
        on_event: OnEvent = lambda _name, _event: None,
        open_store: Callable[[str], Store] = Store,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._observer = observer
        self._names = names
        self._may_write = may_write
        self._on_error = on_error
        self._open_store = open_store
        self._clock = clock
        self._known: dict[str, _Known] = {}
        self._stores: dict[str, Store] = {}
        self._failed: set[str] = set()
        self._retry_at = 0.0
        self._resync_at = float("-inf")
        self._on_event = on_event

    def step(self, seconds: float) -> set[str]:
        """Wait for changes, at most so long, and act on them; returns the names of the steps looked at."""
        due = self._due(self._observer.wait(seconds))
        for name in sorted(due):
            if not self._may_write():
                self._failed |= due
                break
            try:
                self._reconcile(name)
            except CovidCtlError as error:
                self._failed.add(name)
                self._retry_at = self._clock() + RETRY_SECONDS
                self._on_error(name, error)
        return due

    def history(self, name: str) -> History | None:
        """What the ledger says of a step whose Job was looked at; not to be changed."""
        known = self._known.get(name)
        return known.history if known else None

    def _due(self, changed: set[str]) -> set[str]:
        now = self._clock()
        # Whose input changed may be ready.
        due = changed | {n for n in self._known if not changed.isdisjoint(self._known[n].job.inputs)}
        if now >= self._resync_at and self._observer.is_listed():
            self._resync_at = now + RESYNC_SECONDS
            self._forget(now)
            due |= {*self._observer.names(), *self._failed}
        if now >= self._retry_at:
            due |= self._failed
        self._failed -= due
        return due if self._names is None else due.intersection(self._names)

    def _forget(self, now: float) -> None:
        """Months of Jobs would fill the memory. Not at once: Jobs and pods are watched apart, and pods' ends may come
        after their Job's; and not where a few steps are waited for, whose end is asked about."""
        if self._names is None:
            due = now - RESYNC_SECONDS
            gone = [name for name, known in self._known.items() if known.gone_at is not None and known.gone_at <= due]
            for name in gone:
                del self._known[name]

    def _reconcile(self, name: str) -> None:
        known, pods = self._know(name), self._observer.ended_pods(name)
        if known is None:
            return
        known.pods |= {pod.name: pod for pod in pods}
        status = self._observer.status(name)
        if status and status.condition and self._observer.has_live_pods(name):
            return  # Jobs and pods are watched apart: the pods' ends are on their way, and their logs with them
        if snapshot := self._look(name, known):
            self._note(name, known, snapshot)
        self._ship(name, known)
        known.pods.clear()
        if self._observer.job(name) is None:
            known.job = replace(known.job, uid="")  # one of that name is another
            known.gone_at = known.gone_at or self._clock()

    def _know(self, name: str) -> _Known | None:
        known, job = self._known.get(name), self._observer.job(name)
        if job is None or (known and known.job.uid == job.uid):
            return known
        store = self._stores.setdefault(job.bucket, self._open_store(job.bucket))
        # A Job of that name that was created anew has had events that only the ledger knows.
        known = self._known[name] = _Known(job, store, History(Ledger(store).events(name)))
        return known

    def _look(self, name: str, known: _Known) -> Snapshot | None:
        status = self._observer.status(name)
        if is_settled(status, known.history):
            return None
        missing: tuple[str, ...] = ()
        if status and status.state is JobState.SUSPENDED:
            missing = incomplete(known.store, known.job.inputs)
            status = self._observer.status(name, waiting_for=missing)
        return Snapshot(
            status,
            complete=(status is None or status.condition is not None) and known.store.exists(manifest_path(name)),
            inputs=known.job.inputs,
            missing=missing,
            queued=known.job.queued,
            ended_pods=list(known.pods.values()),
        )

    def _note(self, name: str, known: _Known, snapshot: Snapshot) -> None:
        ledger = Ledger(known.store)
        while event := self._proposal(name, known, snapshot):
            if ledger.extend(name, known.history.known, event):
                known.history.add(event)
                self._on_event(name, event)
                if event.type is EventType.RELEASED:
                    return  # what was seen is no more: the Job's own change comes
            else:
                others = ledger.events(name, after=known.history.known)
                for other in others:
                    known.history.add(other)
                if any(other.type is EventType.SUBMITTED for other in others):
                    return  # what was seen is of the life before: the new Job's own changes come

    def _proposal(self, name: str, known: _Known, snapshot: Snapshot) -> Event | None:
        now = self._clock()
        if not is_releasable(snapshot, known.history):
            return next_event(snapshot, known.history, now)
        try:
            self._observer.release(name)
        except NotFoundError:
            return None  # deleted since it was seen: its deletion is told next
        return released(snapshot, now)

    def _ship(self, name: str, known: _Known) -> None:
        attempts = [attempt for pod in known.pods.values() if (attempt := _attempt(pod, known.history))]
        if attempts and known.logs is None:
            known.logs = shipped_logs(known.store, name)
        due = [attempt for attempt in attempts if known.logs is not None and attempt.key not in known.logs]
        for first in range(0, len(due), LOGS_AT_ONCE):
            if known.logs is not None and self._may_write():
                batch = due[first : first + LOGS_AT_ONCE]
                known.logs |= ship_logs(known.store, name, batch, self._observer.log)


def _attempt(pod: ObservedPod, history: History) -> Attempt | None:
    """Which attempt of its index a pod was; None of one that was deleted while it ran."""
    if pod.index is None or (pod.phase not in ("Failed", "Succeeded") and pod.name not in history.attempts):
        return None
    return Attempt(pod, history.attempts.get(pod.name, history.next_attempt(pod.index)))
