"""Work that several threads ask for at once is done together, where that costs less than one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Calls ``run`` with all that has been asked for while it ran before: never twice at once."""

    def __init__(self, run: Callable[[Sequence[T]], Sequence[R]]) -> None:
        self._run = run
        self._turn = Lock()
        self._lock = Lock()
        self._waiting: dict[Future[R], T] = {}

    def __call__(self, item: T) -> R:
        """``run``'s result for ``item``. Raises what ``run`` raises."""
        mine: Future[R] = Future()
        with self._lock:
            self._waiting[mine] = item
        # Whoever is first of those that wait does the work of all; the others find theirs done.
        with self._turn:
            if not mine.done():
                with self._lock:
                    batch, self._waiting = self._waiting, {}
                try:
                    results = self._run(list(batch.values()))
                except BaseException as error:
                    for future in batch:
                        future.set_exception(error)
                else:
                    for future, result in zip(batch, results, strict=True):
                        future.set_result(result)
        return mine.result()
