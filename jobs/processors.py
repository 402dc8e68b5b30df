"""How many processors this process may keep busy."""

from __future__ import annotations

import math
import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""A container's limit, under cgroup v2: microseconds of CPU and the period that they are for."""


def usable_processors(quota: Path = _QUOTA) -> int:
    """Those that it may run on, and no more than its container's limit lets it use: beyond that it would be stopped."""
    allowed = len(os.sched_getaffinity(0))
    try:
        share, period = quota.read_text().split()
        return max(1, min(allowed, math.ceil(int(share) / int(period))))
    except (OSError, ValueError, ZeroDivisionError):  # "max", or no such limit
        return allowed
