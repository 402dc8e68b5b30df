"""Reduced records of Jobs, Pods and Events: a few fields each, so that ten thousand of them stay small.

Every ``of`` takes the API's camelCase dict and tolerates absent fields: an object may be seen half made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.clusters.job_policy import Condition, parse_indexes
from controller.labels import (
    ANNOTATION_AFTER,
    ANNOTATION_FAILURES,
    ANNOTATION_GATE,
    ANNOTATION_IGNORED,
    LABEL_INDEX,
    LABEL_JOB,
)

MESSAGE_CHARACTERS = 2048

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ObservedJob:
    name: str
    namespace: str
    uid: str
    """Tells apart two Jobs that had one name after each other."""
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    completions: int
    parallelism: int
    suspended: bool
    deleting: bool
    deadline_seconds: int | None
    active: int
    """Pods that are pending or running, and not being deleted."""
    ready: int
    terminating: int
    counted_failures: int
    succeeded: str
    """Indexes as the API writes them: ``1,3-5,7``."""
    failed: str
    conditions: Mapping[str, Condition]
    """The conditions that hold, by type. Their order in the API means nothing."""
    started_at: float | None

    @classmethod
    def of(cls, job: Object) -> ObservedJob:
        meta, spec, status = job["metadata"], job.get("spec") or {}, job.get("status") or {}
        return cls(
            name=meta["name"],
            namespace=meta.get("namespace") or "",
            uid=meta.get("uid") or "",
            labels=meta.get("labels") or {},
            annotations=meta.get("annotations") or {},
            completions=spec.get("completions") or 1,
            parallelism=spec.get("parallelism", 1),
            suspended=bool(spec.get("suspend")),
            deleting="deletionTimestamp" in meta,
            deadline_seconds=spec.get("activeDeadlineSeconds"),
            active=status.get("active") or 0,
            ready=status.get("ready") or 0,
            terminating=status.get("terminating") or 0,
            counted_failures=status.get("failed") or 0,
            succeeded=status.get("completedIndexes") or "",
            failed=status.get("failedIndexes") or "",
            conditions={
                found["type"]: Condition(found["type"], found.get("reason") or "", found.get("message") or "")
                for found in status.get("conditions") or ()
                if found.get("status") == "True"
            },
            started_at=timestamp(status.get("startTime")),
        )

    @property
    def succeeded_indexes(self) -> set[int]:
        return parse_indexes(self.succeeded)

    @property
    def failed_indexes(self) -> set[int]:
        return parse_indexes(self.failed)

    @property
    def is_gated(self) -> bool:
        """Kueue is asked not to admit it yet."""
        return ANNOTATION_GATE in self.annotations

    @property
    def inputs(self) -> tuple[str, ...]:
        """The steps that must be complete before it is released."""
        return tuple(filter(None, self.annotations.get(ANNOTATION_AFTER, "").split(",")))


@dataclass(frozen=True, slots=True)
class ObservedPod:
    name: str
    namespace: str
    job: str
    index: int | None
    phase: str
    node: str
    deleting: bool
    deletion_ends_at: float | None
    """When its grace period is over, if it is being deleted: the API adds that to the deletion's time."""
    is_ready: bool
    is_abandoned: bool
    """The node controller took its readiness away because its node stopped answering: the kubelet gives a reason."""
    created_at: float | None
    finished_at: float | None
    earlier_failures: int
    """Failures of the same index before this pod, counted and ignored: its back-off grows with them."""
    retry: int
    """How many counted failures of the same index came before this pod."""
    reason: str
    """The pod's own, as the kubelet writes ``Evicted``."""
    message: str
    disruption: str
    """Why somebody took it away (the condition ``DisruptionTarget``), or empty."""
    unschedulable: str
    """The scheduler's words, or empty."""
    waiting: str
    """Why a container has not started: ``ImagePullBackOff``, ``ContainerCreating``; or empty."""
    waiting_message: str
    exit_code: int | None
    ended: str
    """Why the container ended: ``OOMKilled``, ``Error``; or empty."""
    termination_message: str
    """The termination message: under ``FallbackToLogsOnError`` the end of the log."""

    @property
    def is_out_of_memory(self) -> bool:
        """The kernel ended it because it used more memory than its limit. Its exit code, 137, has other causes, too."""
        return self.phase == "Failed" and self.ended == "OOMKilled" and not self.disruption

    @classmethod
    def of(cls, pod: Object) -> ObservedPod:
        meta, status = pod["metadata"], pod.get("status") or {}
        labels, annotations = meta.get("labels") or {}, meta.get("annotations") or {}
        conditions = {found["type"]: found for found in status.get("conditions") or ()}
        ready = conditions.get("Ready") or {}
        states = [found.get("state") or {} for found in _container_statuses(status)]
        waiting: Object = next((state["waiting"] for state in states if "waiting" in state), {})
        ended = _most_telling([state["terminated"] for state in states if "terminated" in state])
        index = str(labels.get(LABEL_INDEX, annotations.get(LABEL_INDEX, "")))
        return cls(
            name=meta["name"],
            namespace=meta.get("namespace") or "",
            job=labels.get(LABEL_JOB, ""),
            index=int(index) if index.isdecimal() else None,
            phase=status.get("phase") or "Pending",
            node=(pod.get("spec") or {}).get("nodeName") or "",
            deleting="deletionTimestamp" in meta,
            deletion_ends_at=timestamp(meta.get("deletionTimestamp")),
            is_ready=ready.get("status") == "True",
            is_abandoned=ready.get("status") == "False" and ready.get("reason", "") in ("", "NodeNotReady"),
            created_at=timestamp(meta.get("creationTimestamp")),
            finished_at=timestamp(ended.get("finishedAt") or _ended_by_conditions(status, conditions)),
            earlier_failures=_count(annotations.get(ANNOTATION_FAILURES)) + _count(annotations.get(ANNOTATION_IGNORED)),
            retry=_count(annotations.get(ANNOTATION_FAILURES)),
            reason=status.get("reason") or "",
            message=(status.get("message") or "")[:MESSAGE_CHARACTERS],
            disruption=_disruption(conditions.get("DisruptionTarget") or {}),
            unschedulable=_unschedulable(conditions.get("PodScheduled") or {}),
            waiting=waiting.get("reason") or "",
            waiting_message=(waiting.get("message") or "")[:MESSAGE_CHARACTERS],
            exit_code=ended.get("exitCode"),
            ended=ended.get("reason") or "",
            termination_message=(ended.get("message") or "").strip()[-MESSAGE_CHARACTERS:],
        )


@dataclass(frozen=True, slots=True)
class ObservedEvent:
    kind: str
    """Kind of the object that it is about: ``Job``, ``Pod`` or Kueue's ``Workload``."""
    about: str
    reason: str
    message: str
    at: float
    count: int

    @property
    def workload_job(self) -> str:
        """The Job of a Kueue Workload, which is named ``job-JOB-HASH``."""
        return self.about.removeprefix("job-").rpartition("-")[0]

    @classmethod
    def of(cls, event: Object) -> ObservedEvent:
        about = event.get("involvedObject") or event.get("regarding") or {}
        series = event.get("series") or {}
        times = (
            series.get("lastObservedTime"),
            event.get("lastTimestamp"),
            event.get("eventTime"),
            event["metadata"].get("creationTimestamp"),
        )
        return cls(
            kind=about.get("kind") or "",
            about=about.get("name") or "",
            reason=event.get("reason") or "",
            message=(event.get("message") or event.get("note") or "")[:MESSAGE_CHARACTERS],
            at=next((at for text in times if (at := timestamp(text)) is not None), 0.0),
            count=series.get("count") or event.get("count") or 1,
        )


def timestamp(text: str | None) -> float | None:
    """RFC 3339 as Unix seconds."""
    return datetime.fromisoformat(text).timestamp() if text else None


def _container_statuses(status: Object) -> list[Object]:
    return [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]


def _most_telling(terminated: list[Object]) -> Object:
    """The container that failed, if any did."""
    return max(terminated, key=lambda state: state.get("exitCode", 0) != 0, default={})


def _ended_by_conditions(status: Object, conditions: Mapping[str, Object]) -> str | None:
    """When a pod failed that never had a container, as one evicted while pending."""
    if status.get("phase") not in ("Failed", "Succeeded"):
        return None
    times = [found["lastTransitionTime"] for found in conditions.values() if found.get("lastTransitionTime")]
    return max(times, default=None)


def _disruption(condition: Object) -> str:
    return str(condition.get("reason") or "DisruptionTarget") if condition.get("status") == "True" else ""


def _unschedulable(condition: Object) -> str:
    return str(condition.get("message") or condition.get("reason")) if condition.get("status") == "False" else ""


def _count(text: str | None) -> int:
    """Annotations are anybody's: a number too long to be one counts as none."""
    return int(text) if text and len(text) < 10 and text.isdecimal() else 0
