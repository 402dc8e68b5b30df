"""Folds a step's events into what a tracker needs to know. No I/O."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from controller.ledger.events import (
    NOTES,
    Event,
    EventType,
    Observed,
    read_notified,
    read_observed,
    read_pod_failures,
    webhook_digest,
)

UNDER_WAY = (EventType.SUBMITTED, EventType.RELEASED, EventType.STARTED)
"""A life with one of these as its last event has not ended."""


def finished_at(events: Iterable[Event], manifest_at: float) -> float:
    """When a complete step was finished. Whatever compares steps by their age, to use or to remove one, goes by this.

    The ledger says it, which a copy of the bucket keeps. A success that nobody noted, because its writer was killed or
    no tracker works yet, is as old as its manifest is.
    """
    life = [event for event in events if event.type not in NOTES]
    return life[-1].at if life and life[-1].type is EventType.SUCCEEDED else manifest_at


class History:
    """History of one step. ``add`` its events in order."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.known = 0
        """Number of events so far."""
        self.submissions = 0
        self.life: EventType | None = None
        """The last event that is no note."""
        self.detail = ""
        """Its detail."""
        self.life_at = 0.0
        """When that was."""
        self.webhooks: list[str] = []
        """Those that are to be called when the step, as it was submitted last, ends, and have not been."""
        self.started_at: float | None = None
        self.observed: Observed | None = None
        """None if nothing was observed since its Job was last created."""
        self.observed_at = 0.0
        self.attempts: dict[str, int] = {}
        """The number of a failed pod among its index's attempts, by pod name."""
        self.preempted = 0
        self._failed_attempts: dict[int, int] = {}
        for event in events:
            self.add(event)

    def add(self, event: Event) -> None:
        self.known += 1
        if event.type not in NOTES:
            self.life, self.detail, self.life_at = event.type, event.detail, event.at
        # A note that cannot be read says nothing; those around it do.
        with contextlib.suppress(ValueError):
            self._take(event)

    def _take(self, event: Event) -> None:
        match event.type:
            case EventType.SUBMITTED:
                self.submissions += 1
                self.observed = None
                self.webhooks = []
            case EventType.NOTIFY if event.detail not in self.webhooks:
                self.webhooks.append(event.detail)
            case EventType.NOTIFIED:
                called = read_notified(event).webhook
                self.webhooks = [url for url in self.webhooks if webhook_digest(url) != called]
            case EventType.STARTED:
                self.started_at = event.at
            case EventType.OBSERVED:
                self.observed, self.observed_at = read_observed(event), event.at
            case EventType.POD_FAILED:
                for failure in read_pod_failures(event):
                    self.attempts[failure.pod] = failure.attempt
                    self._failed_attempts[failure.index] = failure.attempt + 1
                    self.preempted += failure.preempted

    @property
    def has_ended(self) -> bool:
        """Whether it has succeeded or failed."""
        return self.life in (EventType.SUCCEEDED, EventType.FAILED)

    @property
    def is_under_way(self) -> bool:
        return self.life in UNDER_WAY

    def next_attempt(self, index: int) -> int:
        """The number of attempts of an index that are known to have failed."""
        return self._failed_attempts.get(index, 0)
