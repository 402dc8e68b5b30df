"""Work that several threads ask for at once is done together, where that costs less than one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from threading import BoundedSemaphore, Lock
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Calls ``run`` with what has been asked for while all ``workers`` were busy, shared evenly among them."""

    def __init__(self, run: Callable[[Sequence[T]], Sequence[R]], workers: int) -> None:
        self._run = run
        self._workers = workers
        self._turns = BoundedSemaphore(workers)
        self._lock = Lock()
        self._waiting: dict[Future[R], T] = {}

    def __call__(self, item: T) -> R:
        """``run``'s result for ``item``. Raises what ``run`` raises."""
        mine: Future[R] = Future()
        with self._lock:
            self._waiting[mine] = item
        with self._turns:
            batch = self._take(mine)
            if batch:
                try:
                    results = self._run(list(batch.values()))
                except BaseException as error:
                    for future in batch:
                        future.set_exception(error)
                else:
                    for future, result in zip(batch, results, strict=True):
                        future.set_result(result)
        return mine.result()

    def _take(self, mine: Future[R]) -> dict[Future[R], T]:
        """What is to be done with ``mine``; nothing where another thread took that."""
        with self._lock:
            if mine not in self._waiting:
                return {}
            share = -(-len(self._waiting) // self._workers)
            others = [future for future in self._waiting if future is not mine][: share - 1]
            return {future: self._waiting.pop(future) for future in (mine, *others)}
