"""Waiting for what a cluster does in its own time, and for no longer than it can still come."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

from controller.clusters.job_policy import FAILED
from controller.clusters.kubernetes import KubernetesCluster

SECONDS = float(os.environ.get("COVID_CTL_TEST_SECONDS") or 900)
"""For anything that pods must do first: images are pulled, disks are slow."""

Found = TypeVar("Found")


def until(
    found: Callable[[], Found | None],
    what: str,
    *,
    cluster: KubernetesCluster | None = None,
    seconds: float = SECONDS,
    every: float = 0.5,
) -> Found:
    """The first true value of ``found()``. Fails saying ``what`` did not come; at once where ``cluster``, if given,
    has a step that failed, and with its reason: it is for what takes that every step succeeds."""
    deadline = time.monotonic() + seconds
    while True:
        if value := found():
            return value
        failed = what_failed(cluster) if cluster else ""
        assert not failed, f"{what}: it cannot come, for {failed}"
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(every)


def what_failed(cluster: KubernetesCluster) -> str:
    """Which steps, and why; nothing as long as none has."""
    failed = [job.name for job in cluster.jobs() if FAILED in job.conditions]
    reasons = {name: status.reason for name in failed if (status := cluster.status(name))}
    return "; ".join(f"{name} has failed: {reason}" for name, reason in reasons.items())
