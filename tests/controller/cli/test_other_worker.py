"""Who starts a step that another process is at work on is told so at once."""

from __future__ import annotations

import time

from controller.cli.submitting import other_worker
from controller.ledger.events import Event, EventType, Ledger
from jobs.artifact import Artifact
from jobs.progress import Heartbeat
from jobs.store import Store
from tests.controller.steps import steps

STEP = steps()[0]


def submitted(*types: EventType, ago: float) -> Store:
    store = Store("memory:///")
    Artifact(store, STEP.spec).submit()
    for kind in (EventType.SUBMITTED, *types):
        Ledger(store).append(STEP.name, Event(kind, time.time() - ago, "covid-ctl submit"))
    return store


def test_a_heartbeat_of_a_moment_ago_tells_of_another() -> None:
    store = submitted(EventType.STARTED, ago=600.0)
    Heartbeat(store, STEP.name, 0, unit="documents").beat(1, 10)
    assert "another covid-ctl seems to be at work on it, last heartbeat" in other_worker(store, STEP.name)


def test_a_start_of_a_moment_ago_does_too_and_an_old_one_does_not() -> None:
    assert "another covid-ctl" in other_worker(submitted(EventType.STARTED, ago=5.0), STEP.name)
    assert other_worker(submitted(EventType.STARTED, ago=600.0), STEP.name) == ""


def test_nobody_works_on_what_has_ended_or_was_never_submitted() -> None:
    assert other_worker(submitted(EventType.STARTED, EventType.CANCELLED, ago=5.0), STEP.name) == ""
    assert other_worker(Store("memory:///"), STEP.name) == ""
