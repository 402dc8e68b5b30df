"""Whether work grows faster than the text that it is done on, told by the CPU time of two lengths.

Work that is done in no time is done in linear time: the shortest step of a quadratic one, a nanosecond, makes 32 ms of
``SHORT`` characters. So most texts are measured once, and only what takes longer than ``FAST`` is compared with four
times as much, of which linear work takes 4 times as long and quadratic work 16 times.
"""

from __future__ import annotations

import gc
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

SHORT, LONG = 8_000, 32_000
FAST = 0.005
"""Seconds."""
MOST_TIMES = 8.0
LIMIT = 2.0
"""Seconds until what does not end is ended."""


class Endless(Exception):
    pass


def grows_too_fast(
    work: Callable[[int], object],
    short: int = SHORT,
    long: int = LONG,
    fast: float = FAST,
    most_times: float = MOST_TIMES,
) -> str:
    """What ``work`` took, given a number of characters, where that grows faster than they do; empty where not."""
    once = 0.0
    for _ in range(2):  # a pause of the machine is no growth
        try:
            once = max(once, _seconds(work, short))
            if once < fast:
                return ""
            more = _seconds(work, long)
        except Endless:
            return f"{short:,} characters take {once:.3f} s, or {long:,} more than {LIMIT:.0f} s"
        if more < most_times * once:
            return ""
    return f"{short:,} characters take {once:.3f} s, {long:,} take {more:.3f} s"


def _seconds(work: Callable[[int], object], length: int) -> float:
    with _without_collections(), _ended_after(LIMIT):
        started = time.process_time()
        work(length)
        return time.process_time() - started


@contextmanager
def _without_collections() -> Iterator[None]:
    """Garbage collection costs by what the process holds, which is no matter of the work."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _ended_after(seconds: float) -> Iterator[None]:
    def end(_signal: int, _frame: FrameType | None) -> None:
        raise Endless

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
