"""What happened last to each step, by the ledger alone.

With a cached store that takes a request for each thousand events, and one for each event that is new.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from controller.bucket.cached_store import READERS, CachedStore
from controller.ledger.events import Ledger
from controller.ledger.history import UNDER_WAY
from jobs.errors import DamagedError
from jobs.layout import LEDGER
from jobs.parallel import in_parallel


@dataclass(frozen=True)
class Activity:
    name: str
    last_at: float
    """Time of its newest event."""
    is_unfinished: bool
    """Whether, as far as the ledger knows, its life has not ended; also if the ledger cannot be read."""


def activities(store: CachedStore) -> list[Activity]:
    """Every step ever submitted, by name."""
    store.objects(LEDGER)
    ledger = Ledger(store)

    def of(name: str) -> Activity:
        try:
            newest = ledger.newest(name)
        except DamagedError:
            return Activity(name, 0.0, True)
        return Activity(name, newest[0].at, newest[-1].type in UNDER_WAY)

    return list(in_parallel(of, ledger.steps(), READERS))


def most_recent(found: Sequence[Activity], count: int, also: Iterable[str] = ()) -> list[str]:
    """The names of the ``count`` steps with the newest events, of all that are unfinished, and of ``also``."""
    newest = sorted(found, key=lambda one: (one.last_at, one.name))[-count:]
    wanted = {one.name for one in newest} | {one.name for one in found if one.is_unfinished} | set(also)
    return [one.name for one in found if one.name in wanted]
