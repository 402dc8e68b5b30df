"""What a bucket on the network does that a directory does not: it fails in passing, refuses, and answers in pages."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from jobs.errors import Interrupted, MissingObjectError, StoreError, StoreUnreachableError
from jobs.patience import LOOKING, Outage, Patience
from jobs.store import Store
from tests.gcs_server import Fault, GcsServer


@pytest.fixture
def store(gcs: GcsServer) -> Store:
    store = Store("gs://tests/run")
    store.put("here", b"data")
    gcs.requests.clear()
    return store


OPERATIONS: dict[str, Callable[[Store], object]] = {
    "put": lambda store: store.put("a", b"1"),
    "create": lambda store: store.create("a", b"1"),
    "get": lambda store: store.get("here"),
    "size": lambda store: store.size("here"),
    "objects": lambda store: store.objects(),
    "folders": lambda store: store.folders(),
    "delete": lambda store: store.delete("here"),
}
each_operation = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())


PASSING = {
    "429": Fault(429),
    "503": Fault(503),
    "reset": Fault(0, reset=True),
    "answer lost": Fault(0, lost=True),
}


class Clock:
    """Time passes only while somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.notices: list[str] = []

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def patience(self, seconds: float = 600.0, stopping: Callable[[], bool] = lambda: False) -> Patience:
        return Patience(seconds, 60.0, stopping, self.notices.append, lambda: self.now, self.sleep)


def test_a_store_with_an_injected_clock_waits_no_real_time() -> None:
    clock = Clock()
    outage = Outage(clock.patience(100.0))
    problem = StoreUnreachableError("gs://b/x", "no answer", "wait")
    with pytest.raises(StoreUnreachableError, match=r"tried again for 1.. s"):
        list(iter(partial(outage.wait, problem), "never"))
    assert 100 <= clock.now < 116
    assert clock.notices == ["gs://b/x: no answer; trying again for up to 100 s"]


@each_operation
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_what_fails_in_passing_is_repeated(
    gcs: GcsServer, store: Store, operation: Callable[[Store], object], fault: Fault
) -> None:
    gcs.fail(replace(fault, times=1))
    operation(store)
    assert len(gcs.requests) >= 2


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_creation_that_had_to_be_repeated_is_still_this_callers(gcs: GcsServer, store: Store, fault: Fault) -> None:
    gcs.fail(replace(fault, method="PUT", times=1))
    assert store.create("a", b"1")
    assert not store.create("a", b"2")
    assert store.get("a") == b"1"


@each_operation
def test_an_outage_of_minutes_is_waited_for(gcs: GcsServer, operation: Callable[[Store], object]) -> None:
    clock = Clock()
    store = Store("gs://tests/run", patience=clock.patience())
    store.put("here", b"data")
    gcs.fail(Fault(503))

    def sleep(seconds: float) -> None:
        clock.now += seconds
        if clock.now > 91:
            gcs.heal()

    clock.sleep = sleep  # type: ignore[method-assign]
    operation(Store("gs://tests/run", patience=clock.patience()))
    assert 91 < clock.now < 110
    (notice,) = clock.notices
    assert notice.endswith("; trying again for up to 10 minutes")


def test_the_end_of_patience_is_an_error_of_its_own(gcs: GcsServer) -> None:
    gcs.fail(Fault(503))
    with pytest.raises(StoreUnreachableError, match="503") as raised:
        Store("gs://tests/run", patience=Clock().patience(50.0)).get("here")
    assert raised.value.container_exit_code == 45


def test_sigterm_ends_the_waiting(gcs: GcsServer) -> None:
    gcs.fail(Fault(503))
    with pytest.raises(Interrupted, match="SIGTERM arrived while it failed"):
        Store("gs://tests/run", patience=Clock().patience(stopping=lambda: True)).get("here")


def test_who_is_hasty_outlives_a_blip_and_no_more(gcs: GcsServer, store: Store) -> None:
    gcs.fail(Fault(503, times=2))
    store.hasty.put("a", b"1")
    gcs.fail(Fault(503))
    with pytest.raises(StoreUnreachableError):
        store.hasty.put("a", b"1")
    assert len(gcs.requests) < 20


def test_a_bucket_that_hangs_is_given_up(gcs: GcsServer) -> None:
    gcs.fail(Fault(0, hangs=True))
    with pytest.raises(StoreUnreachableError):
        Store("gs://tests/run", patience=replace(LOOKING, seconds=0.0, request_seconds=0.2)).get("here")


@pytest.mark.slow
def test_a_real_outage_of_91_seconds_loses_nothing(gcs: GcsServer, store: Store, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 60_000)
    gcs.fail(Fault(0, reset=True))
    threading.Timer(91.0, gcs.heal).start()
    began = time.monotonic()
    assert store.create_from("big", source)
    assert store.get("big") == source.read_bytes()
    assert time.monotonic() - began > 90


@pytest.mark.usefixtures("gcs")
def test_a_large_object_is_created_once(store: Store, tmp_path: Path) -> None:
    for name, letter in (("one", b"1"), ("two", b"2")):
        (tmp_path / name).write_bytes(letter * 9_000_000)
    assert store.create_from("big", tmp_path / "one")
    assert not store.create_from("big", tmp_path / "two")
    assert store.get("big") == b"1" * 9_000_000
    assert [found.path for found in store.objects()] == ["big", "here"]


@each_operation
def test_a_refusal_is_named_and_not_repeated(
    gcs: GcsServer, store: Store, operation: Callable[[Store], object]
) -> None:
    gcs.fail(Fault(403))
    with pytest.raises(StoreError, match="permission denied") as raised:
        operation(store)
    assert raised.value.remedy == "check who has access there"
    assert len(gcs.requests) == 1


@each_operation
def test_who_is_not_signed_in_is_told_how(gcs: GcsServer, store: Store, operation: Callable[[Store], object]) -> None:
    gcs.fail(Fault(401))
    with pytest.raises(StoreError, match="no Google credentials found"):
        operation(store)


@pytest.mark.parametrize("name", ["put", "create", "get", "objects", "folders"])
@pytest.mark.usefixtures("gcs")
def test_a_bucket_that_is_not_there_is_no_empty_bucket(name: str) -> None:
    with pytest.raises(StoreError, match="gs://misspelt: there is no such bucket") as raised:
        OPERATIONS[name](Store("gs://misspelt/run"))
    assert not isinstance(raised.value, MissingObjectError)


def test_listings_go_on_over_pages(gcs: GcsServer, store: Store) -> None:
    gcs.page = 2
    for number in range(5):
        store.put(f"many/{number}", b"")
    assert [found.path for found in store.objects("many")] == [f"many/{number}" for number in range(5)]
    assert store.folders() == ["many"]


def test_a_broken_download_is_taken_up_again(gcs: GcsServer, store: Store, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4000
    store.put("big", data)
    ways: list[Callable[[], bytes]] = [
        lambda: store.get("big"),
        lambda: downloaded(store, tmp_path),
        lambda: store.open("big").read(),
    ]
    for read in ways:
        gcs.fail(Fault(200, method="GET", truncated=True, times=1))
        assert read() == data


def downloaded(store: Store, directory: Path) -> bytes:
    store.download("big", directory / "target")
    return (directory / "target").read_bytes()


def test_a_reader_fetches_only_what_it_reads(gcs: GcsServer, store: Store) -> None:
    store.put("big", bytes(30_000_000))
    with store.open("big") as file:
        file.seek(29_000_000)
        assert len(file.read()) == 1_000_000
    assert gcs.sent < 12_000_000
