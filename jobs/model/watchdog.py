"""Notices training that hangs, which neither an exception nor the Job's deadline would tell in time."""

from __future__ import annotations

import faulthandler
import os
import statistics
import tempfile
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import structlog

TIMES_THE_MEDIAN = 20
SHORTEST = 600.0
"""Seconds: what is quick may well be slowed twentyfold by other work, and a bucket's client tries for three minutes."""
FIRST = 3600.0
"""Seconds that anything may take for the first time: compiling a large model for a TPU, say, or the first shards."""
REMEMBERED = 101

log = structlog.get_logger()


def end_process(doing: str, waited: float, limit: float) -> None:
    """Log where every thread stands and exit with the code that lets Kubernetes try again."""
    log.error("training.stalled", doing=doing, seconds=round(waited, 1), limit=round(limit, 1), stacks=stacks())
    # A thread that hangs in a device's driver can not be ended in any other way.
    os._exit(1)


class Watchdog:
    """Watches what is done in ``watching``, in any thread; ``on_stall`` is called when it takes too long."""

    def __init__(
        self,
        on_stall: Callable[[str, float, float], None] = end_process,
        *,
        shortest: float = SHORTEST,
        first: float = FIRST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_stall = on_stall
        self._shortest = shortest
        self._first = first
        self._clock = clock
        self._seconds: defaultdict[str, deque[float]] = defaultdict(partial(deque, maxlen=REMEMBERED))

    def limit(self, doing: str, parts: int = 1) -> float:
        """Seconds that so many parts of it may take, by how long one usually does."""
        usual = self._seconds[doing]
        return max(TIMES_THE_MEDIAN * statistics.median(usual) * parts, self._shortest) if usual else self._first

    @contextmanager
    def watching(self, doing: str, parts: int = 1) -> Iterator[None]:
        """Around something that may hang, of so many equal parts."""
        began, limit = self._clock(), self.limit(doing, parts)
        timer = threading.Timer(limit, lambda: self._on_stall(doing, self._clock() - began, limit))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
        self._seconds[doing].append((self._clock() - began) / parts)


def stacks() -> str:
    """Where every thread of this process stands, most recent call first."""
    with tempfile.TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        return file.read()
