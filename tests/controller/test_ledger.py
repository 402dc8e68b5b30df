"""The ledger: appended to by anybody, never overwritten."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from controller.ledger import Event, EventType, Ledger
from jobs.store import Store


def test_events_come_back_in_order(tmp_path: Path) -> None:
    ledger = Ledger(Store(str(tmp_path)))
    events = [Event(EventType.SUBMITTED, 1.0, "covid-ctl submit"), Event(EventType.STARTED, 2.0)]
    for event in events:
        ledger.append("ingest-1", event)
    ledger.append("export-1", events[0])
    assert ledger.events("ingest-1") == events
    assert ledger.steps() == ["export-1", "ingest-1"]
    assert ledger.events("unknown") == []


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    def write(writer: int) -> None:
        ledger = Ledger(Store(str(tmp_path)))
        for number in range(20):
            ledger.append("step", Event(EventType.STARTED, float(number), str(writer)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    events = Ledger(Store(str(tmp_path))).events("step")
    assert len(events) == 80
    for writer in range(4):
        assert [e.at for e in events if e.detail == str(writer)] == [float(n) for n in range(20)]
