"""The bucket's account of every step ever submitted: an append-only list of events per step.

    ledger/<name>/00000.json       one event, created if absent, never changed

Create-if-absent is the one conditional write that GCS and a plain directory both honour. Who writes the
next event says which ones it knows (``extend``), so that of two who saw the same only one notes it. What a
step is now follows from its events and its artifact; nothing else is stored.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum

from pydantic.dataclasses import dataclass

from jobs.layout import LEDGER
from jobs.layout import event as event_path
from jobs.store import Store
from jobs.validation import RECORD, Moment, WholeNumber, parsed


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
    EXTENDED = "extended"
    """A step goes on from its last checkpoint; the detail is that step's name."""
    CHECKPOINTS_REMOVED = "checkpoints_removed"
    """``gc`` removes the checkpoints of the complete step."""
    NOTIFY = "notify"
    """A webhook is to be called when the step that was submitted ends; the detail is its address."""
    NOTIFIED = "notified"
    """It was called, or given up; the detail is a ``Notified`` as JSON."""
    LABELLED = "labelled"
    """A step that was there already was given another label."""


NOTES = (
    EventType.OBSERVED,
    EventType.POD_FAILED,
    EventType.EXTENDED,
    EventType.CHECKPOINTS_REMOVED,
    EventType.NOTIFY,
    EventType.NOTIFIED,
    EventType.LABELLED,
)
"""What happened meanwhile: it does not end, begin or change a step's life."""


@dataclass(frozen=True, config=RECORD)
class Event:
    type: EventType
    at: Moment
    """Seconds since the epoch."""
    detail: str = ""
    """In words, or as JSON: see ``EventType``."""
    edition: WholeNumber = 0
    """``COLLECTED`` says the edition of the artifact that is removed. An event of before editions has 0."""
    by: str = ""
    """``SUBMITTED`` says who did it, as ``ann on laptop``."""
    arguments: tuple[str, ...] = ()
    """``SUBMITTED`` says what the containers are told beside the spec, such as where a corpus lies."""
    image: str = ""
    """``SUBMITTED`` says the image of the containers; empty for processes of a machine."""
    label: str = ""
    """``SUBMITTED`` and ``LABELLED``: what people call the step. Empty, the one before holds."""


@dataclass(frozen=True, config=RECORD)
class Observed:
    """What a Job was when it last changed noticeably, for when neither it nor its cluster is there any more."""

    state: str
    """A ``controller.clusters.interface.JobState``."""
    reason: str = ""
    remedy: str = ""
    active: WholeNumber = 0
    succeeded: WholeNumber = 0
    """Indexes."""
    failed: WholeNumber = 0
    """Indexes that will not be tried again."""
    retries: WholeNumber = 0
    preempted: WholeNumber = 0
    """Pods taken away since the step was first submitted; they count against nothing."""


@dataclass(frozen=True, config=RECORD)
class PodFailure:
    pod: str
    index: WholeNumber
    attempt: WholeNumber
    """The attempt at this index, from 0, over all Jobs of the step: its log is ``logs/<index>-<attempt>.log``."""
    reason: str
    """``OOMKilled: ...``, ``exited with 42: ...``, ``disrupted: ...``."""
    remedy: str = ""
    exit_code: int | None = None
    preempted: bool = False
    """It was taken away: that counts against nothing."""


@dataclass(frozen=True, config=RECORD)
class Notified:
    webhook: str
    """The first hexadecimal digits of the address's SHA-256: the address may be a secret, and logs show this."""
    host: str
    outcome: str
    """``delivered``, or why it was not."""


def read_observed(event: Event) -> Observed:
    """The detail of an ``OBSERVED`` event. Raises ``ValueError`` when it is something else."""
    return parsed(Observed, event.detail.encode())


def read_pod_failures(event: Event) -> list[PodFailure]:
    """The detail of a ``POD_FAILED`` event. Raises ``ValueError`` when it is something else."""
    return parsed(list[PodFailure], event.detail.encode())


def webhook_digest(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()[:16]


def read_notified(event: Event) -> Notified:
    """The detail of a ``NOTIFIED`` event. Raises ``ValueError`` when it is something else."""
    return parsed(Notified, event.detail.encode())


def note_notified(at: float, url: str, host: str, outcome: str) -> Event:
    return Event(EventType.NOTIFIED, at, json.dumps(asdict(Notified(webhook_digest(url), host, outcome))))


def note_observed(at: float, observed: Observed) -> Event:
    return Event(EventType.OBSERVED, at, json.dumps(asdict(observed)))


def note_pod_failures(at: float, failures: Sequence[PodFailure]) -> Event:
    return Event(EventType.POD_FAILED, at, json.dumps([asdict(failure) for failure in failures]))


class Ledger:
    def __init__(self, store: Store) -> None:
        self._store = store

    def steps(self) -> list[str]:
        """The names of all steps ever submitted, sorted."""
        return self._store.folders(LEDGER)

    def events(self, name: str, *, after: int = 0) -> list[Event]:
        """A step's events, oldest first, without the first ``after``."""
        return [self._event(info.path) for info in self._store.objects(f"{LEDGER}/{name}")[after:]]

    def newest(self, name: str) -> list[Event]:
        """A step's newest events back to the last that is no note, newest first. Usually it is the only one."""
        found: list[Event] = []
        for info in reversed(self._store.objects(f"{LEDGER}/{name}")):
            found.append(self._event(info.path))
            if found[-1].type not in NOTES:
                break
        return found

    def _event(self, path: str) -> Event:
        found = self._store.find_record(Event, path)
        if found is None:
            raise self._store.damaged(path, "it was listed, and it is not there")
        return found

    def append(self, name: str, event: Event) -> int:
        """Add an event after those that are there, whoever else is adding; returns how many those are."""
        known = len(self._store.objects(f"{LEDGER}/{name}"))
        while not self.extend(name, known, event):
            known += 1
        return known

    def extend(self, name: str, known: int, event: Event) -> bool:
        """Add an event unless there are more than the ``known`` ones: read on then, and decide again."""
        # Two may note the same at the same moment. By its token a writer whose answer was lost finds out who wrote.
        written = {**asdict(event), "token": uuid.uuid4().hex}
        return self._store.create(event_path(name, known), json.dumps(written).encode())
