"""Turns Ctrl-C and SIGTERM into a flag instead of an exception, so that whatever is being written is finished."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

UNHEARD_SECONDS = 1.2
"""A question that nobody asks for so long becomes an exception: a request may hang."""
LAST_SECONDS = 0.8
"""For what is still written after an interruption. With the above it is 2 seconds."""


def interruption() -> Callable[[], bool]:
    """Whether either has come, from now on. A second one, or a first that is not heard, ends covid-ctl at once."""
    asked: list[int] = []  # no Event: its lock is not re-entrant, and a second signal may come while the first sets it

    def ask(number: int, _: object) -> None:
        asked.append(number)
        for later in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
            signal.signal(later, signal.default_int_handler)
        signal.setitimer(signal.ITIMER_REAL, UNHEARD_SECONDS)

    def heard() -> bool:
        if asked:
            signal.setitimer(signal.ITIMER_REAL, 0)
        return bool(asked)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return heard


@contextmanager
def at_most(seconds: float) -> Iterator[None]:
    """For a block after an interruption: raises ``KeyboardInterrupt`` in it when it takes longer."""
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
