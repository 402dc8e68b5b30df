"""The complete steps of a bucket. Light: a search imports it, and none of the kinds of step or recipes."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from controller.bucket.cached_store import READERS
from controller.ledger.events import Ledger
from controller.ledger.history import finished_at
from jobs.artifact import Artifact, Manifest
from jobs.errors import ConfigurationError, DamagedError, MissingObjectError
from jobs.layout import LEDGER, MANIFEST, current_edition, edition_folder
from jobs.parallel import in_parallel
from jobs.spec import Kind, Spec
from jobs.store import Store


@dataclass(frozen=True, order=True)
class Found:
    """A step of the bucket. The greatest is the newest."""

    at: float
    """When it was finished, by ``finished_at``; of one under way, when it was submitted."""
    name: str


DAMAGED = (ConfigurationError, DamagedError, MissingObjectError)
"""What one damaged step raises. It is passed over, and ``status`` shows it; a bucket that does not answer is not."""

FIRST = 4
"""Steps that are tried before all others."""


def found_step(store: Store, artifact: Artifact) -> Found:
    """A step, complete or under way, and when it was made."""
    events = Ledger(store).events(artifact.name)
    completed = store.modified(artifact.path(MANIFEST))
    return Found(finished_at(events, completed) if completed else events[0].at if events else 0.0, artifact.name)


def newest_complete(store: Store, kind: Kind, fits: Callable[[Spec], bool]) -> Found | None:
    """The complete step of a kind that finished last, of those that fit, whoever submitted it."""
    ledger = Ledger(store)

    def finished(name: str) -> Found | None:
        with suppress(*DAMAGED):
            if noted := finished_at(reversed(ledger.newest(name)), 0.0):
                return Found(noted, name)
            place = edition_folder(name, current_edition(store.files(name)))
            completed = store.modified(f"{place}/{MANIFEST}")
            return Found(completed, name) if completed else None
        return None

    def fitting(found: Found) -> bool:
        with suppress(*DAMAGED):
            manifest = Artifact.open(store, found.name).manifest()
            return manifest is not None and fits(manifest.spec) and bool(ledger.events(found.name))
        return False

    newest_first = sorted(filter(None, in_parallel(finished, steps_of(store, kind), READERS)), reverse=True)
    # Most often one of the first fits: only then all others are read at once.
    for some in (newest_first[:FIRST], newest_first[FIRST:]):
        for found, fit in zip(some, in_parallel(fitting, some, READERS), strict=True):
            if fit:
                return found
    return None


def complete_artifacts(store: Store, kind: Kind | None = None) -> list[Manifest]:
    """The complete artifacts, of one kind or all, by name."""

    def of(name: str) -> Manifest | None:
        with suppress(*DAMAGED):
            return Artifact.open(store, name).manifest()
        return None

    names = steps_of(store, kind) if kind else Ledger(store).steps()
    return [manifest for manifest in in_parallel(of, names, READERS) if manifest]


def steps_of(store: Store, kind: Kind) -> list[str]:
    """The names of all steps of a kind that were ever submitted."""
    store.objects(LEDGER)  # a cached store answers the rest from this listing
    return [name for name in Ledger(store).steps() if name.startswith(f"{kind}-")]
