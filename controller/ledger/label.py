"""The words that whoever submits a step may add to its name, which is a hash. They change no byte of what it makes.

The ledger has them: with the submission, or as a note where the step was there already. The newest is shown.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from controller.bucket.cached_store import READERS
from controller.ledger.events import Event, EventType, Ledger
from jobs.errors import ConfigurationError, DamagedError
from jobs.parallel import in_parallel
from jobs.store import Store

LONGEST = 60
"""Characters."""


def checked_label(text: str) -> str:
    """``text`` without spaces around it. Raises ``ConfigurationError`` where a table's row cannot show it."""
    label = text.strip()
    thing, remedy = f"--label {label[:LONGEST]!r}", "--label 'CORD-19 of June 2022'"
    if not label:
        raise ConfigurationError(thing, "it is empty", remedy)
    if len(label) > LONGEST:
        raise ConfigurationError(thing, f"{len(label):,} characters, at most {LONGEST} are allowed", remedy)
    if any(unicodedata.category(character).startswith(("C", "Zl", "Zp")) for character in label):
        raise ConfigurationError(thing, "it has control characters, and is one line of plain text", remedy)
    return label


def label_of(events: Sequence[Event]) -> str:
    """A step's label by its events; empty if nobody gave one."""
    return next((event.label for event in reversed(events) if event.label), "")


def labels_of(store: Store, names: Iterable[str]) -> dict[str, str]:
    """The labels of those steps that have one and can be read."""

    def of(name: str) -> str:
        try:
            return label_of(ledger.events(name))
        except DamagedError:
            return ""

    ledger, names = Ledger(store), list(names)
    return {name: label for name, label in zip(names, in_parallel(of, names, READERS), strict=True) if label}


def note_label(store: Store, name: str, label: str, at: float) -> None:
    """Note another label of a step that is there; the one that it has is not noted again."""
    ledger = Ledger(store)
    if label and label != label_of(ledger.events(name)):
        ledger.append(name, Event(EventType.LABELLED, at, label=label))
