"""One step under a tracker: releases its Job, notes what became of it in the ledger, and brings its logs to safety."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from controller.clusters.interface import JobState, JobStatus
from controller.clusters.job_status import Surroundings
from controller.clusters.objects import ObservedPod
from controller.kube.api_errors import NotFoundError
from controller.ledger.events import Event, EventType, Ledger, note_notified
from controller.ledger.history import History
from controller.profiles.webhook import host_of
from controller.status.step_status import summary
from controller.tracking.log_shipping import Attempt, ship_logs, shipped_logs
from controller.tracking.notices import Notice, Notifier
from controller.tracking.observer import Observer, TrackedJob
from controller.tracking.reconcile import Snapshot, is_releasable, is_settled, next_event, release_event
from jobs.artifact import Artifact, incomplete, is_complete
from jobs.layout import LogName
from jobs.store import Store

LOGS_AT_ONCE = 32
"""Logs that are shipped between two checks that this tracker may still write."""

OnEvent = Callable[[str, Event], None]


@dataclass(frozen=True)
class TrackerContext:
    """What all steps of one tracker share."""

    observer: Observer
    store: Store
    clock: Callable[[], float]
    may_write: Callable[[], bool]
    on_event: OnEvent
    """Called with each event that this tracker, and no other, has noted."""
    notifier: Notifier | None = None
    """Calls the webhooks of steps that have ended; None: another tracker does."""


class TrackedStep:
    """Keeps what saves reading it again; the ledger, the bucket and the cluster can tell all of it anew."""

    def __init__(self, job: TrackedJob, context: TrackerContext) -> None:
        self.job = job
        self.gone_at: float | None = None
        """When its Job was found to be gone with everything noted."""
        self._on = context
        self._ledger = Ledger(context.store)
        # A Job that was created anew has had events that only the ledger knows.
        self.history = History(self._ledger.events(job.name))
        self._ended_pods: dict[str, ObservedPod] = {}
        """Pods that are still to be dealt with; the cluster may have forgotten them."""
        self._shipped: set[LogName] | None = None
        """Keys of the attempts whose logs are in the bucket; None until they were listed."""

    def reconcile(self) -> None:
        """Bring Job, ledger and logs in line with what is observed now. May be repeated at any time."""
        name, observer = self.job.name, self._on.observer
        self.job = observer.job(name) or self.job
        self._ended_pods |= {pod.name: pod for pod in observer.ended_pods(name)}
        status = observer.status(name)
        if status and status.condition and observer.has_live_pods(name):
            return  # Jobs and pods are watched apart: the pods' ends will arrive, and their logs with them
        if not is_settled(status, self.history):
            snapshot = self._snapshot(status)
            if is_releasable(snapshot, self.history):
                self._release(snapshot)
            else:
                self._note(snapshot)
        self._ship_logs()
        self._give_up(status)
        self._ended_pods.clear()
        self.notify()
        if observer.job(name) is None and not self.is_to_notify:
            self.gone_at = self.gone_at or self._on.clock()

    @property
    def is_to_notify(self) -> bool:
        """Whether a webhook is still to be called, or to be noted as called."""
        return bool(self._on.notifier and self.history.has_ended and self.history.webhooks)

    def notify(self) -> None:
        """Have the webhooks called that are to be told of the end, and note which were."""
        notifier, name = self._on.notifier, self.job.name
        if not notifier or not self.is_to_notify:
            return
        for url in list(self.history.webhooks):
            number = self.history.submissions
            if outcome := notifier.tell(name, number, url, self._notice):
                while url in self.history.webhooks:
                    self._append(note_notified(self._on.clock(), url, host_of(url), outcome))
                notifier.forget(name, number, url)

    def _notice(self) -> Notice:
        history, artifact = self.history, Artifact.open(self._on.store, self.job.name)
        failed = history.life is EventType.FAILED
        manifest = None if failed else artifact.manifest()
        return Notice.of(
            artifact.name,
            number=history.submissions,
            kind=str(artifact.spec.kind),
            recipe=artifact.spec.recipe,
            bucket=self._on.store.location,
            ended_at=history.life_at,
            reason=(history.detail or "no reason is known") if failed else "",
            result=summary(manifest) if manifest else "",
        )

    def _snapshot(self, status: JobStatus | None) -> Snapshot:
        missing: tuple[str, ...] = ()
        if status and status.state is JobState.SUSPENDED:
            missing = incomplete(self._on.store, self.job.inputs)
            status = self._on.observer.status(self.job.name, self._around(missing))
        has_ended = status is None or status.condition is not None
        return Snapshot(
            status,
            complete=has_ended and is_complete(self._on.store, self.job.name),
            inputs=self.job.inputs,
            missing=missing,
            queued=self.job.queued,
            ended_pods=list(self._ended_pods.values()),
        )

    def _around(self, missing: tuple[str, ...]) -> Surroundings:
        was_released = self.history.life in (EventType.RELEASED, EventType.STARTED)
        return Surroundings(waiting_for=missing, was_released=was_released)

    def _release(self, snapshot: Snapshot) -> None:
        """Let the Job run, then note it. The Job's own change, which follows, brings the rest."""
        try:
            self._on.observer.release(self.job.name)
        except NotFoundError:
            return  # deleted since it was observed: its deletion is reported next
        while is_releasable(snapshot, self.history):
            self._append(release_event(snapshot, self._on.clock()))

    def _give_up(self, status: JobStatus | None) -> None:
        """End a Job of which a pod ran out of memory: the same work needs as much again.

        A pod failure policy cannot tell: it sees exit code 137 alone, which a restarted node leaves, too. What is done
        stays done: with more memory, the step continues with the rest.
        """
        goes_on = status and not status.condition and status.state is not JobState.ENDING
        if goes_on and any(pod.is_out_of_memory for pod in self._ended_pods.values()) and self._on.may_write():
            with suppress(NotFoundError):
                self._on.observer.give_up(self.job.name)

    def _note(self, snapshot: Snapshot) -> None:
        submissions = self.history.submissions
        while event := next_event(snapshot, self.history, self._on.clock()):
            self._append(event)
            if self.history.submissions != submissions:
                return  # the snapshot is of the Job before: the new Job's own changes follow

    def _append(self, event: Event) -> None:
        """Add an event, or where another tracker was first, learn what it added."""
        if self._ledger.extend(self.job.name, self.history.known, event):
            self.history.add(event)
            self._on.on_event(self.job.name, event)
            return
        for other in self._ledger.events(self.job.name, after=self.history.known):
            self.history.add(other)

    def _ship_logs(self) -> None:
        attempts = [attempt for pod in self._ended_pods.values() if (attempt := self._attempt(pod))]
        if not attempts:
            return
        shipped = self._shipped = (
            shipped_logs(self._on.store, self.job.name) if self._shipped is None else self._shipped
        )
        due = [attempt for attempt in attempts if attempt.key not in shipped]
        for first in range(0, len(due), LOGS_AT_ONCE):
            if self._on.may_write():
                batch = due[first : first + LOGS_AT_ONCE]
                shipped |= ship_logs(self._on.store, self.job.name, batch, self._on.observer.log)

    def _attempt(self, pod: ObservedPod) -> Attempt | None:
        """Which attempt of its index a pod was; None for one that was deleted while it ran."""
        attempts = self.history.attempts
        if pod.index is None or (pod.phase not in ("Failed", "Succeeded") and pod.name not in attempts):
            return None
        return Attempt(pod, attempts.get(pod.name, self.history.next_attempt(pod.index)))
