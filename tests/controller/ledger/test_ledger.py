"""The ledger: appended to by anybody, never overwritten."""

from concurrent.futures import ThreadPoolExecutor

from controller.ledger.events import (
    Event,
    EventType,
    Ledger,
    Observed,
    PodFailure,
    note_observed,
    note_pod_failures,
    read_observed,
    read_pod_failures,
)
from jobs.store import Store


def test_events_come_back_in_order(bucket: str) -> None:
    ledger = Ledger(Store(bucket))
    events = [Event(EventType.SUBMITTED, 1.0, "covid-ctl submit"), Event(EventType.STARTED, 2.0)]
    for event in events:
        ledger.append("ingest-1", event)
    ledger.append("export-1", events[0])
    assert ledger.events("ingest-1") == events
    assert ledger.steps() == ["export-1", "ingest-1"]
    assert ledger.events("unknown") == []


def test_two_writers_lose_nothing(bucket: str) -> None:
    def write(writer: int) -> None:
        ledger = Ledger(Store(bucket))
        for number in range(8):
            ledger.append("step", Event(EventType.STARTED, float(number), str(writer)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    events = Ledger(Store(bucket)).events("step")
    assert len(events) == 32
    for writer in range(4):
        assert [e.at for e in events if e.detail == str(writer)] == [float(n) for n in range(8)]


def test_of_two_who_know_the_same_one_notes_it(bucket: str) -> None:
    ledger = Ledger(Store(bucket))
    ledger.append("step", Event(EventType.SUBMITTED, 1.0))
    assert ledger.extend("step", 1, Event(EventType.STARTED, 2.0, "first"))
    assert not ledger.extend("step", 1, Event(EventType.STARTED, 2.5, "second"))
    assert [event.detail for event in ledger.events("step", after=1)] == ["first"]


def test_details_come_back_also_from_a_later_version(bucket: str) -> None:
    ledger = Ledger(Store(bucket))
    observed = Observed("pending", "Unschedulable: no node", "add one", active=2, preempted=3)
    failures = [PodFailure("p-0-x", 0, 1, "exited with 1", exit_code=1), PodFailure("p-1-y", 1, 0, "disrupted: ...")]
    ledger.append("step", note_observed(1.0, observed))
    ledger.append("step", note_pod_failures(2.0, failures))
    ledger.append("step", Event(EventType.OBSERVED, 3.0, '{"state": "running", "mood": "fine"}'))
    first, second, third = ledger.events("step")
    assert read_observed(first) == observed
    assert read_pod_failures(second) == failures
    assert read_observed(third) == Observed("running")
