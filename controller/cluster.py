"""The narrow interface to what runs Jobs: Kubernetes, or processes of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from controller.jobpolicy import Condition
from controller.manifest import Job


@dataclass(frozen=True)
class JobStatus:
    """What can be observed of a Job."""

    active: int
    succeeded: int
    failed: int
    """Indexes that will not be tried again."""
    retries: int
    """Failures so far that were counted against an index."""
    condition: Condition | None
    """Set once the Job has ended."""
    message: str = ""
    """The end of the last failed container's log."""


class Cluster(Protocol):
    def create(self, job: Job) -> None:
        """Create the Job; one of the same name that is there already is left as it is."""

    def status(self, name: str) -> JobStatus | None:
        """The Job's status, or None where there is no such Job."""

    def delete(self, name: str) -> None:
        """End the Job's containers (SIGTERM, then SIGKILL after the grace period) and forget it."""
