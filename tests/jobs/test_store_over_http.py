"""What a bucket on the network does that a directory does not: it fails in passing, refuses, and answers in pages."""

from collections.abc import Callable
from pathlib import Path

import pytest

from jobs.errors import MissingObjectError, StoreError
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


@each_operation
@pytest.mark.parametrize("status", [429, 503])
def test_what_fails_in_passing_is_repeated(
    gcs: GcsServer, store: Store, operation: Callable[[Store], object], status: int
) -> None:
    gcs.fail(Fault(status, times=1))
    operation(store)
    assert len(gcs.requests) == 2


def test_a_creation_that_had_to_be_repeated_is_still_this_callers(gcs: GcsServer, store: Store) -> None:
    gcs.fail(Fault(503, method="PUT", times=1))
    assert store.create("a", b"1")
    assert not store.create("a", b"2")


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
