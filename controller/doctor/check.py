"""One thing that was looked at, and what came of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from jobs.errors import CovidCtlError


class CheckState(StrEnum):
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It could not be looked at from here, or need not be."""


@dataclass(frozen=True)
class Check:
    name: str
    state: CheckState
    reason: str
    remedy: str = ""
    """The next command, of one that failed; of one that was skipped, how to look for oneself."""


Examination = Callable[[], Check]


def ok(name: str, reason: str) -> Check:
    return Check(name, CheckState.OK, reason)


def failed(name: str, reason: str, remedy: str) -> Check:
    return Check(name, CheckState.FAILED, reason, remedy)


def skipped(name: str, reason: str, remedy: str = "") -> Check:
    return Check(name, CheckState.SKIPPED, reason, remedy)


def of_error(name: str, error: CovidCtlError) -> Check:
    return failed(name, f"{error.thing}: {error.reason}", error.remedy)


def examine(examinations: dict[str, Examination]) -> Iterator[Check]:
    """Each as it ends: one that fails does not keep the next from being looked at."""
    for name, look in examinations.items():
        try:
            yield look()
        except CovidCtlError as error:
            yield of_error(name, error)


def side_by_side(*several: Iterable[Check]) -> Iterator[Check]:
    """In the order given, but examined at the same time: each may wait long for an answer from outside."""
    with ThreadPoolExecutor(len(several)) as threads:
        yield from chain.from_iterable(threads.map(tuple[Check, ...], several))
