"""Calls in threads that nobody has to wait for: Ctrl-C leaves, however long a request hangs.

``concurrent.futures`` waits for its threads when a block or the interpreter ends. These are daemons.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(function: Callable[[T], R], items: Iterable[T], threads: int) -> Iterator[R]:
    """The results in order, as ``map`` gives them, of several calls at a time; of the first that raises, the error."""
    calls: SimpleQueue[tuple[Future[R], T]] = SimpleQueue()
    futures: list[Future[R]] = []
    for item in items:
        futures.append(Future())
        calls.put((futures[-1], item))
    abandoned = threading.Event()

    def work() -> None:
        while not abandoned.is_set():
            try:
                future, item = calls.get_nowait()
            except Empty:
                return
            try:
                future.set_result(function(item))
            except BaseException as error:  # whatever it is, the caller gets it
                future.set_exception(error)

    for _ in range(min(threads, len(futures))):
        threading.Thread(target=work, name="in parallel", daemon=True).start()
    try:
        for future in futures:
            yield future.result()
    finally:
        abandoned.set()


class _Hand:
    """A thread that makes one call after the other."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = SimpleQueue()
        self.free = True
        threading.Thread(target=self._work, name="interruptible", daemon=True).start()

    def call(self, function: Callable[[], R]) -> R:
        future: Future[R] = Future()
        self.free = False
        self._calls.put((future, function))
        try:
            return future.result()
        finally:  # an interruption leaves the hand to its call, and the next call gets another
            self.free = future.done()

    def _work(self) -> None:
        while True:
            future, function = self._calls.get()
            try:
                future.set_result(function())
            except BaseException as error:  # whatever it is, the caller gets it
                future.set_exception(error)


_hand: _Hand | None = None


def interruptibly(function: Callable[[], R]) -> R:
    """The result of a call that does not return to Python for long: the main thread hears signals meanwhile."""
    global _hand
    if threading.current_thread() is not threading.main_thread():
        return function()
    if _hand is None or not _hand.free:
        _hand = _Hand()
    return _hand.call(function)
