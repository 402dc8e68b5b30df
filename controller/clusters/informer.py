"""A local cache of our Jobs, their Pods and Events, kept current by three watches: no request while nothing changes.

Objects are kept as reduced records; a tracker sleeps in ``wait`` and asks ``status`` for what changed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from controller.clusters.interface import JobStatus
from controller.clusters.job_status import NOTHING_KNOWN, Surroundings, job_status
from controller.clusters.kubernetes import KubernetesCluster
from controller.clusters.objects import ObservedEvent, ObservedJob, ObservedPod
from controller.kube.watch import ChangeType, Watch


class Informer:
    """Use it with ``with``. Every read is of one moment; what it returns is immutable."""

    def __init__(self, cluster: KubernetesCluster, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._jobs: dict[str, ObservedJob] = {}
        self._pods: dict[str, dict[str, ObservedPod]] = {}
        self._events: dict[str, dict[str, ObservedEvent]] = {}
        self._vanished: dict[str, list[ObservedPod]] = {}
        self._dirty: set[str] = set()
        self._unlisted = 3
        self._failure: BaseException | None = None
        self._watches: list[tuple[Watch[Any], Callable[[ChangeType, Any], None]]] = [
            (cluster.watch_jobs(), self._job),
            (cluster.watch_pods(), self._pod),
            (cluster.watch_events(), self._event),
        ]
        self._threads = [threading.Thread(target=self._follow, args=pair, daemon=True) for pair in self._watches]

    def __enter__(self) -> Informer:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for watch, _take in self._watches:
            watch.stop()
        for thread in self._threads:
            thread.join(timeout=5.0)

    def wait(self, seconds: float) -> set[str]:
        """The names of Jobs about which anything changed since the last call; empty after ``seconds``.

        The first answer comes once everything is listed, so that what is absent then does not exist. Raises
        what ended a watch for good: permission, sign-in, a missing namespace.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._failure or (self._dirty and not self._unlisted), seconds)
            if self._failure:
                raise self._failure
            if self._unlisted:
                return set()
            dirty, self._dirty = self._dirty, set()
            return dirty

    @property
    def is_listed(self) -> bool:
        """Whether what is absent does not exist."""
        with self._changed:
            return not self._unlisted

    def outage(self) -> str:
        """Why a watch has not reached the API server for some seconds; empty while all do."""
        return next(filter(None, (watch.outage() for watch, _take in self._watches)), "")

    def jobs(self) -> list[ObservedJob]:
        with self._changed:
            return list(self._jobs.values())

    def pods(self, name: str) -> list[ObservedPod]:
        with self._changed:
            return list(self._pods.get(name, {}).values())

    def job(self, name: str) -> ObservedJob | None:
        with self._changed:
            return self._jobs.get(name)

    def vanished(self, name: str) -> list[ObservedPod]:
        """The pods of a Job that were deleted since the last call, as they last were."""
        with self._changed:
            return self._vanished.pop(name, [])

    def status(self, name: str, around: Surroundings = NOTHING_KNOWN) -> JobStatus | None:
        """As ``KubernetesCluster.status``, without a request."""
        with self._changed:
            job = self._jobs.get(name)
            pods = list(self._pods.get(name, {}).values())
            about = [name, _workload_key(name), *(pod.name for pod in pods)]
            events = [event for one in about for event in self._events.get(one, {}).values()]
        return job_status(job, pods, events, now=self._clock(), around=around) if job else None

    def _follow(self, watch: Watch[Any], take: Callable[[ChangeType, Any], None]) -> None:
        try:
            listed = False
            for change in watch:
                with self._changed:
                    if change.type is not ChangeType.LISTED:
                        take(change.type, change.object)
                    elif not listed:
                        listed = True
                        self._unlisted -= 1
                    self._changed.notify_all()
        except BaseException as error:  # to be raised where somebody hears it
            with self._changed:
                self._failure = error
                self._changed.notify_all()

    def _job(self, change: ChangeType, job: ObservedJob) -> None:
        if change is ChangeType.DELETED:
            self._jobs.pop(job.name, None)
        else:
            self._jobs[job.name] = job
        self._dirty.add(job.name)

    def _pod(self, change: ChangeType, pod: ObservedPod) -> None:
        pods = self._pods.setdefault(pod.job, {})
        if change is ChangeType.DELETED:
            pods.pop(pod.name, None)
            self._vanished.setdefault(pod.job, []).append(pod)
        else:
            pods[pod.name] = pod
        if not pods:
            del self._pods[pod.job]
        self._dirty.add(pod.job)

    def _event(self, change: ChangeType, event: ObservedEvent) -> None:
        """Keep the newest event of each reason, which supersedes the others."""
        about = _workload_key(event.workload_job) if event.kind == "Workload" else event.about
        events = self._events.setdefault(about, {})
        known = events.get(event.reason)
        if change is ChangeType.DELETED:
            if known == event:
                del events[event.reason]
        elif known is None or event.at >= known.at:
            events[event.reason] = event
        if not events:
            del self._events[about]
        job = _job_of(event)
        if job in self._jobs:
            self._dirty.add(job)


def _workload_key(job: str) -> str:
    return f"workload/{job}"


def _job_of(event: ObservedEvent) -> str:
    match event.kind:
        case "Job":
            return event.about
        case "Workload":
            return event.workload_job
        case _:  # a pod of an Indexed Job is named JOB-INDEX-RANDOM
            return event.about.rsplit("-", 2)[0]
