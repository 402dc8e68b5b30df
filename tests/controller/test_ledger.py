"""The ledger: appended to by anybody, never overwritten."""

from concurrent.futures import ThreadPoolExecutor

from controller.ledger import Event, EventType, Ledger
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
