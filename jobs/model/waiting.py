"""Waiting for another thread, without being deaf meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

EVERY = 0.1
"""Seconds between two questions whether to stop."""

T = TypeVar("T")


def result_of(future: Future[T], check_stop: Callable[[], None]) -> T:
    """What ``future`` comes to; while it does not, ``check_stop`` is called again and again and may raise."""
    while not future.done():
        if not wait([future], EVERY).done:
            check_stop()
    return future.result()
