"""A queue of step names that need attention: each at most once, failed ones again after a growing delay."""

from __future__ import annotations

from collections.abc import Callable, Iterable

RETRY_SECONDS = 5.0
"""Delay after the first failure in a row; it doubles with each further one."""
LONGEST_RETRY_SECONDS = 300.0


class WorkQueue:
    """Level-triggered: a name says that a step has to be looked at, never why.

    A name in back-off stays there whatever changes meanwhile, so that a step that always fails costs one attempt per
    delay, however often its Job changes.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._due: set[str] = set()
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    def add(self, names: Iterable[str]) -> None:
        self._due.update(names)

    def take(self) -> list[str]:
        """The names that are due now, sorted. They leave the queue."""
        now = self._clock()
        due = sorted(name for name in self._due if self._not_before.get(name, now) <= now)
        self._due.difference_update(due)
        return due

    def succeeded(self, name: str) -> None:
        """Forget the failures of this name."""
        self._failures.pop(name, None)
        self._not_before.pop(name, None)

    def failed(self, name: str) -> float:
        """Put the name back with a delay, which is returned in seconds."""
        failures = self._failures[name] = self._failures.get(name, 0) + 1
        delay = min(RETRY_SECONDS * 2.0 ** min(failures - 1, 16), LONGEST_RETRY_SECONDS)
        self._not_before[name] = self._clock() + delay
        self._due.add(name)
        return delay

    def forget(self, name: str) -> None:
        """Drop everything about a name that no longer exists."""
        self._due.discard(name)
        self.succeeded(name)
