"""One task at a time in a thread of its own, beside the training loop."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from types import TracebackType
from typing import TypeVar


class Background:
    """Runs one task after the other in a thread. An error of a task is raised by the next call here.

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
        """Start a task when the previous one has ended: memory holds the tensors of one only."""
        self.wait()
        self._task = self._pool.submit(task)

    @property
    def busy(self) -> bool:
        """Whether a task is running."""
        return self._task is not None and not self._task.done()

    def check(self) -> None:
        """Raise the error of a task that has ended, if it had one."""
        if self._task and self._task.done():
            self.wait()

    def wait(self, check_stop: Callable[[], None] = lambda: None) -> None:
        """Wait until the task has ended. ``check_stop`` is called repeatedly; if it raises, the task goes on."""
        if self._task:
            try:
                result_of(self._task, check_stop)
            finally:
                if self._task.done():
                    self._task = None


EVERY = 0.1
"""Seconds between two calls of ``check_stop``."""


T = TypeVar("T")


def result_of(future: Future[T], check_stop: Callable[[], None]) -> T:
    """The result of ``future``. While it is pending, ``check_stop`` is called repeatedly and may raise."""
    while not future.done():
        if not wait([future], EVERY).done:
            check_stop()
    return future.result()
