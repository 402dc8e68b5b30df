"""A check and its result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from jobs.errors import CovidCtlError
from jobs.parallel import in_parallel


class CheckState(StrEnum):
    OK = "ok"
    FAILED = "failed"
    SKIPPED = "skipped"
    """It cannot be checked from here, or need not be."""


@dataclass(frozen=True)
class Check:
    name: str
    state: CheckState
    reason: str
    remedy: str = ""
    """The next command if it failed; if it was skipped, how to check by hand."""


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
    """Run the checks in order and yield each result. An error counts as a failed check."""
    for name, look in examinations.items():
        try:
            yield look()
        except CovidCtlError as error:
            yield of_error(name, error)


def side_by_side(*several: Iterable[Check]) -> Iterator[Check]:
    """Run several groups of checks at the same time, since each may wait for the network; results keep their order."""
    yield from chain.from_iterable(in_parallel(tuple[Check, ...], several, len(several)))
