"""Waiting for what a cluster does in its own time."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

SECONDS = float(os.environ.get("COVID_CTL_TEST_SECONDS") or 900)
"""For anything that pods must do first: images are pulled, disks are slow."""

Found = TypeVar("Found")


def until(found: Callable[[], Found | None], what: str, *, seconds: float = SECONDS, every: float = 0.5) -> Found:
    """The first true value of ``found()``. Fails saying ``what`` did not come."""
    deadline = time.monotonic() + seconds
    while True:
        if value := found():
            return value
        assert time.monotonic() < deadline, f"{what}: not within {seconds:.0f} s"
        time.sleep(every)
