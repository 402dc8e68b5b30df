"""The bucket's account of every step ever submitted: an append-only list of events per step.

    ledger/<name>/00000.json       one event, created if absent, never changed

Create-if-absent is the one conditional write that GCS and a plain directory both honour. Who writes the
next event says which ones it knows (``extend``), so that of two who saw the same only one notes it. What a
step is now follows from its events and its artifact; nothing else is stored.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from jobs.store import Store

_FOLDER = "ledger"


class EventType(StrEnum):
    """The first seven are a step's life; the last of them that was noted is the one that holds."""

    SUBMITTED = "submitted"
    """Its Job is about to be created; the detail is the command. Again whenever it is created again."""
    RELEASED = "released"
    """Its inputs are complete, and the Job that was created suspended may run."""
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    """The detail says why."""
    CANCELLED = "cancelled"
    """The detail says by whom."""
    COLLECTED = "collected"
    """What it had made is removed to save space; the detail says why."""
    OBSERVED = "observed"
    """The Job's state or reason is another; the detail is an ``Observed`` as JSON."""
    POD_FAILED = "pod_failed"
    """Pods failed; the detail is a JSON list of ``PodFailure``, in the order in which they ended."""


NOTES = (EventType.OBSERVED, EventType.POD_FAILED)
"""What happened meanwhile: it does not end, begin or change a step's life."""


@dataclass(frozen=True)
class Event:
    type: EventType
    at: float
    """Seconds since the epoch."""
    detail: str = ""
    """In words, or as JSON: see ``EventType``."""


@dataclass(frozen=True)
class Observed:
    """What a Job was when it last changed noticeably, for when neither it nor its cluster is there any more."""

    state: str
    """A ``controller.clusters.interface.JobState``."""
    reason: str = ""
    remedy: str = ""
    active: int = 0
    succeeded: int = 0
    """Indexes."""
    failed: int = 0
    """Indexes that will not be tried again."""
    retries: int = 0
    preempted: int = 0
    """Pods taken away since the step was first submitted; they count against nothing."""


@dataclass(frozen=True)
class PodFailure:
    pod: str
    index: int
    attempt: int
    """Of this index, from 0, over all Jobs of the step: its log is ``logs/<index>-<attempt>.log``."""
    reason: str
    """``OOMKilled: ...``, ``exited with 42: ...``, ``disrupted: ...``."""
    remedy: str = ""
    exit_code: int | None = None
    preempted: bool = False
    """It was taken away: that counts against nothing."""


def read_observed(event: Event) -> Observed:
    """The detail of an ``OBSERVED`` event; fields that this version does not know are passed over."""
    return Observed(**_known_fields(Observed, json.loads(event.detail)))


def read_pod_failures(event: Event) -> list[PodFailure]:
    """The detail of a ``POD_FAILED`` event."""
    return [PodFailure(**_known_fields(PodFailure, found)) for found in json.loads(event.detail)]


def note_observed(at: float, observed: Observed) -> Event:
    return Event(EventType.OBSERVED, at, json.dumps(asdict(observed)))


def note_pod_failures(at: float, failures: Sequence[PodFailure]) -> Event:
    return Event(EventType.POD_FAILED, at, json.dumps([asdict(failure) for failure in failures]))


def _known_fields(kind: type[Observed] | type[PodFailure], found: dict[str, Any]) -> dict[str, Any]:
    return {field.name: found[field.name] for field in fields(kind) if field.name in found}


class Ledger:
    def __init__(self, store: Store) -> None:
        self._store = store

    def steps(self) -> list[str]:
        """The names of all steps ever submitted, sorted."""
        return self._store.folders(_FOLDER)

    def events(self, name: str, *, after: int = 0) -> list[Event]:
        """A step's events, oldest first, without the first ``after``."""
        return [self._event(info.path) for info in self._store.objects(f"{_FOLDER}/{name}")[after:]]

    def _event(self, path: str) -> Event:
        found = self._store.find_json(path)
        try:
            return Event(**{**found, "type": EventType(found["type"])})
        except (KeyError, TypeError, ValueError) as error:
            self._store.damaged(path, f"no event ({error!r})", error)

    def append(self, name: str, event: Event) -> None:
        """Add an event after those that are there, whoever else is adding."""
        known = len(self._store.objects(f"{_FOLDER}/{name}"))
        while not self.extend(name, known, event):
            known += 1

    def extend(self, name: str, known: int, event: Event) -> bool:
        """Add an event unless there are more than the ``known`` ones: read on then, and decide again."""
        return self._store.create(f"{_FOLDER}/{name}/{known:05d}.json", json.dumps(asdict(event)).encode())
