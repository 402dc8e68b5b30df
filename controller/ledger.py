"""The bucket's account of every step ever submitted: an append-only list of events per step.

    ledger/<name>/00000.json       one event, created if absent, never changed

Create-if-absent is the one conditional write that GCS and a plain directory both honour. What a step
is now follows from its events and its artifact; nothing else is stored.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum

from jobs.store import Store

_FOLDER = "ledger"


class EventType(StrEnum):
    SUBMITTED = "submitted"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Event:
    type: EventType
    at: float
    """Seconds since the epoch."""
    detail: str = ""
    """The command that submitted it, or why it failed."""


class Ledger:
    def __init__(self, store: Store) -> None:
        self._store = store

    def steps(self) -> list[str]:
        """The names of all steps ever submitted, sorted."""
        return self._store.folders(_FOLDER)

    def events(self, name: str) -> list[Event]:
        """A step's events, oldest first."""
        return [self._event(info.path) for info in self._store.objects(f"{_FOLDER}/{name}")]

    def _event(self, path: str) -> Event:
        fields = self._store.find_json(path)
        try:
            return Event(**{**fields, "type": EventType(fields["type"])})
        except (KeyError, TypeError, ValueError) as error:
            self._store.damaged(path, f"no event ({error!r})", error)

    def append(self, name: str, event: Event) -> None:
        """Add an event after those that are there, whoever else is adding."""
        number = len(self._store.objects(f"{_FOLDER}/{name}"))
        data = json.dumps(asdict(event)).encode()
        while not self._store.create(f"{_FOLDER}/{name}/{number:05d}.json", data):
            number += 1
