"""Whatever happens to a bucket and to the cache on this machine, answers are those that the bucket alone gives."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import jobs.store
import jobs.store_connection
from controller.bucket.cached_store import CachedStore
from controller.bucket.object_cache import ObjectCache
from controller.ledger.complete_steps import complete_artifacts, newest_complete
from controller.ledger.events import Event, EventType, Ledger
from controller.planning.existing import newest_under_way
from controller.status.gc import plan_gc
from controller.status.overview import look
from controller.status.removal import holdings, remove
from controller.status.step_status import observe_all
from jobs.artifact import Artifact
from jobs.errors import DamagedError
from jobs.layout import SPEC
from jobs.progress import Heartbeat
from jobs.spec import Kind
from jobs.store import Store
from tests.controller.steps import local_profile, planned
from tests.interleaving import Bucket

LOCATION = "gs://tests/bucket"
STEPS = [*planned(shards=1)[:2], *planned(shards=1, salt="afresh")[:2]]
PROFILE = local_profile(LOCATION)
NOW = 1_800_000_000.0


class World:
    """A bucket in memory, and a machine with a cache of it."""

    def __init__(self, folder: Path) -> None:
        self.bucket = Bucket()
        self.folder = folder
        self.store = Store(LOCATION)
        self.ledger = Ledger(self.store)
        self.clock = itertools.count()
        self.file = folder / "bucket.sqlite3"
        self.watcher = CachedStore(LOCATION, cache=ObjectCache(self.file))
        """A process that goes on looking."""

    def note(self, number: int, kind: EventType, detail: str = "") -> None:
        name = STEPS[number].name
        if self.ledger.steps().count(name):
            self.ledger.append(name, Event(kind, NOW - 1000.0 + next(self.clock), detail))

    def submit(self, number: int) -> None:
        step = STEPS[number]
        Artifact(self.store, step.spec).submit()
        self.ledger.append(step.name, Event(EventType.SUBMITTED, NOW - 1000.0 + next(self.clock), step.command))

    def finish(self, number: int) -> None:
        """As a worker does, whose success is noted by somebody else."""
        artifact = Artifact(self.store, STEPS[number].spec)
        if artifact.record(0) is None:
            artifact.commit(0, [artifact.write("out", b"made")])
        artifact.finish()

    def beat(self, number: int) -> None:
        at = NOW - 1000.0 + next(self.clock)
        Heartbeat(self.store, STEPS[number].name, 0, unit="documents", clock=lambda: at).beat(int(at) % 7, 10)

    def collect(self, _: int) -> None:
        store = CachedStore(LOCATION, cache=ObjectCache(self.file))
        held = holdings(store, look(PROFILE, store, None, now=NOW, whole_bucket=True).steps)
        for one in plan_gc(held.steps, held.given, now=NOW, older_than=0.0).removals:
            remove(store, one, clock=lambda: NOW - 1000.0 + next(self.clock))

    def lose(self, number: int) -> None:
        """Somebody deletes a manifest by hand."""
        artifact = Artifact(self.store, STEPS[number].spec)
        self.store.delete(artifact.path("manifest.json"))

    def spoil(self, number: int) -> None:
        """Bytes that are no record, in place of a spec and of the first event; and the spec again, the next time."""
        name = STEPS[number].name
        if self.store.find(f"{name}/{SPEC}") == b"{":
            self.store.delete(f"{name}/{SPEC}")
        elif self.store.exists(f"{name}/{SPEC}"):
            self.store.put(f"{name}/{SPEC}", b"{")

    def damage_cache(self, number: int) -> None:
        if self.file.exists():
            data = bytearray(self.file.read_bytes())
            for at in range(4096 * number, len(data), 97):
                data[at] ^= 0xFF
            self.file.write_bytes(data)

    def cut_cache(self, number: int) -> None:
        if self.file.exists():
            self.file.write_bytes(self.file.read_bytes()[: 5000 * number])

    def foreign_cache(self, number: int) -> None:
        """Another bucket's cache lies in the place of this one's, with the same paths."""
        self.file.unlink(missing_ok=True)
        other = ObjectCache(self.file)
        for path, data in self.bucket.objects.items():
            other.put(path, "another e-tag" if number % 2 else "", data + b" of another bucket")
        other.save()


ACTIONS: dict[str, Callable[[World, int], None]] = {
    "submit": World.submit,
    "start": lambda world, number: world.note(number, EventType.STARTED),
    "finish": World.finish,
    "succeed": lambda world, number: world.note(number, EventType.SUCCEEDED),
    "fail": lambda world, number: world.note(number, EventType.FAILED, "no room"),
    "cancel": lambda world, number: world.note(number, EventType.CANCELLED, "by ann"),
    "note": lambda world, number: world.note(number, EventType.OBSERVED, "{}"),
    "beat": World.beat,
    "collect": World.collect,
    "lose": World.lose,
    "spoil": World.spoil,
    "damage cache": World.damage_cache,
    "cut cache": World.cut_cache,
    "foreign cache": World.foreign_cache,
}

histories = st.lists(st.tuples(st.sampled_from(list(ACTIONS)), st.integers(0, 3)), min_size=3, max_size=14)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs.store_connection, "connect", lambda *_: object())


@settings(max_examples=20)
@example([("submit", 0), ("spoil", 0), ("submit", 0)])
@example([("submit", 0), ("damage cache", 0), ("submit", 1)])
@given(histories)
def test_answers_with_the_cache_are_those_without(history: list[tuple[str, int]]) -> None:
    check(history)


@pytest.mark.slow
@settings(max_examples=600)
@given(histories)
def test_answers_with_the_cache_are_those_without_in_many_histories(history: list[tuple[str, int]]) -> None:
    check(history)


def test_a_listing_that_is_never_asked_for_again_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CachedStore, "refresh", lambda _: None)
    with pytest.raises(AssertionError):
        check([("submit", 0), ("finish", 0)])


def test_contents_that_are_believed_whatever_their_e_tag_are_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, bytes] = {}
    monkeypatch.setattr(ObjectCache, "get", lambda _cache, path, _e_tag: seen.get(path))
    monkeypatch.setattr(ObjectCache, "put", lambda _cache, path, _e_tag, data: seen.setdefault(path, data))
    monkeypatch.setattr(ObjectCache, "forget", lambda _cache, _path: None)
    with pytest.raises(AssertionError):
        check([("submit", 0), ("spoil", 0)])


def check(history: list[tuple[str, int]]) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        world = World(Path(folder))
        patch.setattr(jobs.store, "obstore", world.bucket)
        for action, number in history:
            with suppress(DamagedError):  # a step whose spec was spoiled is refused, as it should be
                ACTIONS[action](world, number)
            # Two processes that share the file, of which one began just now.
            for store in (world.watcher, CachedStore(LOCATION, cache=ObjectCache(world.file))):
                _compare(store)


def _compare(store: CachedStore) -> None:
    plain = Store(LOCATION)
    expected = observe_all(plain, now=NOW)
    assert look(PROFILE, store, None, now=NOW).steps == expected
    recent = look(PROFILE, store, None, now=NOW, recent=1)
    assert [step for step in expected if step in recent.steps] == recent.steps
    assert len(recent.steps) + recent.hidden == len(expected)
    hidden = [step for step in expected if step not in recent.steps]
    assert not [step for step in hidden if step.state.goes_on]
    assert complete_artifacts(store) == complete_artifacts(plain)
    for kind in (Kind.INGEST, Kind.SIGNATURES):
        assert newest_complete(store, kind, lambda _: True) == newest_complete(plain, kind, lambda _: True)
        assert newest_under_way(store, kind, lambda _: True) == newest_under_way(plain, kind, lambda _: True)
