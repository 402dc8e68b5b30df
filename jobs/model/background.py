"""Saving while training goes on: one task at a time, beside the loop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import TypeVar


class Background:
    """A thread for one task after the other; what a task raises is raised by the next call here.

    Leaving the context waits for the last task, whatever ends the run.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, "background")
        self._task: Future[None] | None = None

    def __enter__(self) -> Background:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._pool.shutdown()
        if error is None:
            self.wait()

    def start(self, task: Callable[[], None]) -> None:
        """Begin a task, once the one before has ended: memory holds the tensors of one only."""
        self.wait()
        self._task = self._pool.submit(task)

    @property
    def busy(self) -> bool:
        """Whether a task is under way."""
        return self._task is not None and not self._task.done()

    def check(self) -> None:
        """Raise what a task that has ended raised."""
        if self._task and self._task.done():
            self.wait()

    def wait(self, check_stop: Callable[[], None] = lambda: None) -> None:
        """Until the task has ended; ``check_stop`` is called now and then and may raise: the task goes on then."""
        if self._task:
            try:
                result_of(self._task, check_stop)
            finally:
                if self._task.done():
                    self._task = None


EVERY = 0.1
"""Seconds between two questions whether to stop."""


T = TypeVar("T")


def result_of(future: Future[T], check_stop: Callable[[], None]) -> T:
    """What ``future`` comes to; while it does not, ``check_stop`` is called again and again and may raise."""
    while not future.done():
        if not wait([future], EVERY).done:
            check_stop()
    return future.result()
