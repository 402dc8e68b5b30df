"""The narrow interface to what runs Jobs: Kubernetes, or processes of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from controller.clusters.job_policy import Condition
from controller.labels import Job


class JobState(StrEnum):
    SUSPENDED = "suspended"
    PENDING = "pending"
    """Asked for, and no pod of it runs."""
    RUNNING = "running"
    ENDING = "ending"
    """Decided, or being deleted: pods are still going."""
    COMPLETE = "complete"
    FAILED = "failed"


@dataclass(frozen=True)
class JobStatus:
    """What can be observed of a Job."""

    active: int
    succeeded: int
    failed: int
    """Indexes that will not be tried again."""
    failures: int
    """Failures so far that were counted against an index."""
    condition: Condition | None
    """Set once the Job has ended."""
    message: str = ""
    """The end of the last failed container's log."""
    state: JobState = JobState.RUNNING
    reason: str = ""
    """Why it does not run, or not all of it, in the words of who decided so; empty when it does."""
    remedy: str = ""
    """What a person can do about ``reason``; empty when time alone will mend it."""
    retries: int = 0
    """How often an index was started again after a counted failure."""
    preempted: int = 0
    """Pods, of those still to be seen, that somebody took away; they count against nothing."""
    bucket: str = ""
    """The bucket that the Job says it fills; empty where it says nothing."""


class Cluster(Protocol):
    def create(self, job: Job) -> None:
        """Create the Job; one of the same name that is there already is left as it is."""

    def validate(self, job: Job) -> None:
        """Have the Job checked without creating it. Raises what ``create`` would raise."""

    def template_changes(self, job: Job) -> tuple[str, ...]:
        """What of the pod template of the Job of this name that exists is not as in ``job``; empty without one."""

    def release(self, name: str) -> None:
        """Let a Job that was created with ``suspend: true`` run. Harmless when it runs already."""

    def status(self, name: str) -> JobStatus | None:
        """The Job's status, or None where there is no such Job."""

    def delete(self, name: str) -> None:
        """End the Job's containers (SIGTERM, then SIGKILL after the grace period) and forget it."""
