"""Notices training that hangs, which neither an exception nor the Job's deadline would tell in time."""

from __future__ import annotations

import faulthandler
import os
import statistics
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

TIMES_THE_MEDIAN = 20
SHORTEST = 120.0
"""Seconds: quicker steps may well be slowed twentyfold by the machine's other work."""
COMPILING = 3600.0
"""Seconds that the first call may take: tracing and compiling a large model for a TPU are in it."""
REMEMBERED = 101

log = structlog.get_logger()


def end_process(waited: float, limit: float) -> None:
    """Log where every thread stands and exit with the code that lets Kubernetes try again."""
    log.error("training.stalled", seconds=round(waited, 1), limit=round(limit, 1), stacks=stacks())
    # A thread that hangs in a device's driver can not be ended in any other way.
    os._exit(1)


class Watchdog:
    """Watches the calls made in ``watching``; ``on_stall`` is called when one takes too long."""

    def __init__(
        self,
        on_stall: Callable[[float, float], None] = end_process,
        *,
        shortest: float = SHORTEST,
        compiling: float = COMPILING,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_stall = on_stall
        self._shortest = shortest
        self._compiling = compiling
        self._clock = clock
        self._step_seconds: deque[float] = deque(maxlen=REMEMBERED)

    def limit(self, steps: int) -> float:
        """Seconds that a call of so many steps may take."""
        if not self._step_seconds:
            return self._compiling
        return max(TIMES_THE_MEDIAN * statistics.median(self._step_seconds) * steps, self._shortest)

    @contextmanager
    def watching(self, steps: int) -> Iterator[None]:
        """Around one call of so many steps."""
        began, limit = self._clock(), self.limit(steps)
        timer = threading.Timer(limit, lambda: self._on_stall(self._clock() - began, limit))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        self._step_seconds.append((self._clock() - began) / steps)


def stacks() -> str:
    """Where every thread of this process stands, most recent call first."""
    with tempfile.TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        return file.read()
