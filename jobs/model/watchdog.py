"""Notices training that hangs, which neither an exception nor the Job's deadline would show in time."""

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
"""The lowest limit in seconds: other work may slow a quick call twentyfold, and the bucket is retried for minutes."""
FIRST = 3600.0
"""The limit in seconds of anything done for the first time, such as compiling a large model for a TPU."""
REMEMBERED = 101

log = structlog.get_logger()


def end_process(doing: str, waited: float, limit: float) -> None:
    """Log the stack of every thread and exit with the code that lets Kubernetes try again."""
    log.error("training.stalled", doing=doing, seconds=round(waited, 1), limit=round(limit, 1), stacks=stacks())
    # A thread that hangs in a device's driver cannot be ended in any other way.
    os._exit(1)


class Watchdog:
    """Calls ``on_stall`` when a block in ``watching``, in any thread, takes too long."""

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
        """Seconds that ``parts`` of this activity may take, from how long one usually takes."""
        usual = self._seconds[doing]
        return max(TIMES_THE_MEDIAN * statistics.median(usual) * parts, self._shortest) if usual else self._first

    @contextmanager
    def watching(self, doing: str, parts: int = 1) -> Iterator[None]:
        """Watch a block that may hang; it does ``parts`` equal pieces of work."""
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
    """The stack of every thread of this process, most recent call first."""
    with tempfile.TemporaryFile("w+") as file:
        faulthandler.dump_traceback(file, all_threads=True)
        file.seek(0)
        return file.read()
