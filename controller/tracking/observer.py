"""What a tracker observes: a cluster's Jobs through an informer, or this machine's processes by polling."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

from controller.clusters.informer import Informer
from controller.clusters.interface import JobStatus
from controller.clusters.job_status import NOTHING_KNOWN, Surroundings
from controller.clusters.kubernetes import KubernetesCluster
from controller.clusters.local import LocalCluster
from controller.clusters.objects import ObservedPod
from controller.labels import ANNOTATION_AFTER, ANNOTATION_BUCKET, LABEL_QUEUE, Job

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class TrackedJob:
    """What a tracker needs of a Job beside its status. On a cluster they are untrusted; see ``tracking.tracker``."""

    name: str
    uid: str
    bucket: str
    inputs: tuple[str, ...] = ()
    queued: bool = False
    """Kueue decides when it runs: it is in a queue, and not gated by us."""
    namespace: str = ""
    """Empty where processes of this machine play the Jobs."""


class Observer(Protocol):
    def is_listed(self) -> bool:
        """Whether everything has been listed, so that what is absent does not exist."""

    def wait(self, seconds: float) -> set[str]:
        """Names of the Jobs about which anything changed since the last call; empty after ``seconds``."""

    def names(self) -> list[str]:
        """Names of the Jobs that exist."""

    def job(self, name: str) -> TrackedJob | None: ...

    def status(self, name: str, around: Surroundings = NOTHING_KNOWN) -> JobStatus | None: ...

    def ended_pods(self, name: str) -> list[ObservedPod]:
        """Ended pods that still exist, and once those that vanished since the last call."""

    def has_live_pods(self, name: str) -> bool:
        """Whether a pod of the Job is not known to have ended."""

    def log(self, pod: str, lines: int) -> Iterator[bytes]:
        """The end of a pod's log."""

    def release(self, name: str) -> None: ...

    def give_up(self, name: str) -> None:
        """End a Job that more attempts would not complete."""

    def outage(self) -> str:
        """Why nothing new can be observed at the moment; empty while all is well."""


class ClusterObserver:
    """Through an informer: no request is sent while nothing changes."""

    def __init__(self, cluster: KubernetesCluster, informer: Informer) -> None:
        self._cluster = cluster
        self._informer = informer
        self.wait = informer.wait
        self.status = informer.status
        self.outage = informer.outage
        self.release = cluster.release
        self.give_up = cluster.give_up

    def is_listed(self) -> bool:
        return self._informer.is_listed

    def names(self) -> list[str]:
        return [job.name for job in self._informer.jobs()]

    def job(self, name: str) -> TrackedJob | None:
        job = self._informer.job(name)
        if job is None:
            return None
        bucket = job.annotations.get(ANNOTATION_BUCKET, "")
        queued = LABEL_QUEUE in job.labels and not job.is_gated
        return TrackedJob(job.name, job.uid, bucket, job.inputs, queued, job.namespace)

    def ended_pods(self, name: str) -> list[ObservedPod]:
        there = [pod for pod in self._informer.pods(name) if pod.phase in ("Failed", "Succeeded")]
        return [*there, *self._informer.vanished(name)]

    def has_live_pods(self, name: str) -> bool:
        return any(pod.phase not in ("Failed", "Succeeded") for pod in self._informer.pods(name))

    def log(self, pod: str, lines: int) -> Iterator[bytes]:
        return self._cluster.logs(pod, tail=lines)


class ProcessObserver:
    """By polling, which also drives a ``LocalCluster``. That one ships its logs itself."""

    def __init__(
        self,
        cluster: LocalCluster,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._cluster = cluster
        self._clock = clock
        self._sleep = sleep
        self._seen: dict[str, JobStatus | None] = {}
        self.release = cluster.release

    def wait(self, seconds: float) -> set[str]:
        deadline = self._clock() + seconds
        while True:
            now = {name: self._cluster.status(name) for name in self._cluster.jobs()}
            changed = {name for name in now.keys() | self._seen.keys() if now.get(name) != self._seen.get(name)}
            self._seen = dict(now)
            if changed or self._clock() >= deadline:
                return changed
            self._sleep(POLL_SECONDS)

    def is_listed(self) -> bool:
        return True

    def outage(self) -> str:
        return ""

    def names(self) -> list[str]:
        return list(self._cluster.jobs())

    def job(self, name: str) -> TrackedJob | None:
        job = self._cluster.jobs().get(name)
        return _tracked_job(job) if job else None

    def status(self, name: str, around: Surroundings = NOTHING_KNOWN) -> JobStatus | None:
        del around  # its Jobs are created when their inputs are there
        return self._seen.get(name)

    def ended_pods(self, name: str) -> list[ObservedPod]:
        del name
        return []

    def has_live_pods(self, name: str) -> bool:
        del name
        return False

    def give_up(self, name: str) -> None:
        del name  # a ``LocalCluster`` does so itself

    def log(self, pod: str, lines: int) -> Iterator[bytes]:
        del pod, lines  # it shows no pods
        return iter(())


def _tracked_job(job: Job) -> TrackedJob:
    annotations = job["metadata"]["annotations"]
    inputs = tuple(filter(None, annotations.get(ANNOTATION_AFTER, "").split(",")))
    return TrackedJob(job["metadata"]["name"], "", annotations[ANNOTATION_BUCKET], inputs)
