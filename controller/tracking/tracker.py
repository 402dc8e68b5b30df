"""The control loop: a work queue of steps whose Jobs changed, and one ``reconcile`` for each.

It finds its work in the Jobs of its namespace, and keeps nothing that the ledger, the bucket and the cluster cannot
tell again. Two trackers at once do no harm.

A Job is untrusted input: anyone who may create one in the namespace can write whatever they like into it. The tracker
serves one bucket, opens no other, takes no name from a Job that is not a step's, and outlives any error of one step.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import suppress

from controller.kube.api_errors import ForeignJobError
from controller.kube.kubectl import within
from controller.ledger.history import History
from controller.ledger.lineage import is_step_name
from controller.tracking.notices import Notifier
from controller.tracking.observer import Observer, TrackedJob
from controller.tracking.tracked_step import OnEvent, TrackedStep, TrackerContext
from controller.tracking.work_queue import WorkQueue
from jobs.artifact import Artifact
from jobs.errors import StoreError
from jobs.store import Store

RESYNC_SECONDS = 30.0
"""How often every step is reconciled though nothing changed: back-offs end, inputs are made elsewhere."""

NOTICE_SECONDS = 0.1
"""How often deliveries that are waited for are looked at."""

OnError = Callable[[str, Exception, float], None]
"""Called with a step's name, what went wrong, and the seconds until it is tried again (infinite: never)."""
NEVER = float("inf")


class Tracker:
    """``names`` restricts it to some steps. ``may_write`` is asked before each step: a lost lease says no."""

    def __init__(
        self,
        observer: Observer,
        store: Store,
        *,
        names: Collection[str] | None = None,
        may_write: Callable[[], bool] = lambda: True,
        on_error: OnError,
        on_event: OnEvent = lambda _name, _event: None,
        notifier: Notifier | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._observer = observer
        self._store = store
        self._names = names
        self._may_write = may_write
        self._on_error = on_error
        self._clock = clock
        self._notifier = notifier
        self._context = TrackerContext(observer, store, clock, may_write, on_event, notifier)
        self._steps: dict[str, TrackedStep] = {}
        self._ignored: dict[str, str] = {}
        """UIDs of the Jobs that are not ours, by name."""
        self._queue = WorkQueue(clock)
        self._resync_at = float("-inf")

    def step(self, seconds: float) -> set[str]:
        """Wait for changes, at most so long, and act on them; returns the names of the steps looked at."""
        self._enqueue(self._observer.wait(seconds))
        due = self._queue.take()
        looked_at = set()
        for position, name in enumerate(due):
            if not self._may_write():
                self._queue.add(due[position:])
                break
            looked_at.add(name)
            try:
                self._reconcile(name)
            except Exception as error:  # whatever one step runs into, the others go on
                self._on_error(name, error, self._queue.failed(name))
            else:
                self._queue.succeeded(name)
        return looked_at

    def history(self, name: str) -> History | None:
        """What the ledger says of a step whose Job was looked at; not to be changed."""
        step = self._steps.get(name)
        return step.history if step else None

    def finish_notices(self, seconds: float, sleep: Callable[[float], object] = time.sleep) -> None:
        """Wait, at most so long, until the webhooks of steps that have ended were called, and note which were."""
        for _ in range(max(1, round(seconds / NOTICE_SECONDS))):
            waiting = [step for step in self._steps.values() if step.is_to_notify]
            if not waiting:
                return
            sleep(NOTICE_SECONDS)
            for step in waiting:
                with suppress(StoreError):
                    step.notify()

    def _enqueue(self, changed: set[str]) -> None:
        now = self._clock()
        # A step may become ready when one of its inputs changes.
        called = self._notifier.over() if self._notifier else set()
        due = changed | {name for name in called if name in self._steps and self._steps[name].is_to_notify}
        due |= {name for name, step in self._steps.items() if not changed.isdisjoint(step.job.inputs)}
        if now >= self._resync_at and self._observer.is_listed():
            self._resync_at = now + RESYNC_SECONDS
            self._forget(now)
            due |= set(self._observer.names())
        self._queue.add(due if self._names is None else due.intersection(self._names))

    def _forget(self, now: float) -> None:
        """Drop Jobs that are gone, which would fill the memory over months.

        Not at once, for Jobs and pods are watched apart and a pod's end may come after its Job's; and not where a few
        steps are waited for, whose end is asked about.
        """
        if self._names is not None:
            return
        due = now - RESYNC_SECONDS
        for name in [name for name, step in self._steps.items() if step.gone_at is not None and step.gone_at <= due]:
            del self._steps[name]
            self._queue.forget(name)
        there = set(self._observer.names())
        self._ignored = {name: uid for name, uid in self._ignored.items() if name in there}

    def _reconcile(self, name: str) -> None:
        if step := self._step(name):
            step.reconcile()

    def _step(self, name: str) -> TrackedStep | None:
        job, known = self._observer.job(name), self._steps.get(name)
        if job is None or (known and known.gone_at is None and known.job.uid == job.uid):
            return known
        if self._ignored.get(name) == job.uid:
            return None
        if refusal := self._refusal(job):
            self._ignored[name] = job.uid
            self._on_error(name, refusal, NEVER)
            return None
        Artifact.open(self._store, name)  # raises for a Job that nobody submitted: its step has no spec
        self._steps[name] = TrackedStep(job, self._context)
        return self._steps[name]

    def _refusal(self, job: TrackedJob) -> ForeignJobError | None:
        """Why a Job is ignored: it names what this tracker does not serve."""
        look = within(job.namespace, f"describe job {job.name}")
        if job.bucket.rstrip("/") != self._store.location.rstrip("/"):
            reason = f"it names the bucket {job.bucket!r}; this tracker serves {self._store.location} alone"
            return ForeignJobError(f"jobs/{job.name}", reason, f"{look}; run a tracker with a profile of that bucket")
        wrong = [name for name in (job.name, *job.inputs) if not is_step_name(name)]
        if wrong:
            reason = f"{', '.join(map(repr, wrong[:3]))} cannot be the name of a step"
            return ForeignJobError(f"jobs/{job.name}", reason, f"{look}; covid-ctl made no such Job")
        return None
