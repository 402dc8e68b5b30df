"""How many requests commands make on a bucket of 500 steps: in proportion to what they show, and to what is new."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from gc import collect
from typing import Any

import pytest

from controller.bucket.cached_store import CachedStore
from controller.ledger.complete_steps import complete_artifacts
from controller.ledger.events import Event, EventType, Ledger
from controller.planning.request import Request
from controller.status.gc import plan_gc
from controller.status.overview import Overview, look
from controller.status.removal import holdings
from controller.status.report import find_report
from controller.status.spending import spending
from jobs.artifact import Artifact
from jobs.store import Store
from tests.controller.steps import local_profile
from tests.gcs_server import GcsServer
from tests.many_steps import MemoryBucket, fill

STEPS = 500
RECENT = 20
LOCATION = "gs://tests/run"
PROFILE = local_profile(LOCATION)
LISTINGS = 2
"""Requests that list the whole ledger: 1,498 events."""
NOW = time.time()
OPTIONS = {"overrides": (), "salt": "", "fresh": False, "shards": None, "with_inputs": False, "recipe": "tiny"}


@pytest.fixture(scope="module")
def contents() -> Mapping[str, bytes]:
    bucket = MemoryBucket()
    fill(bucket, STEPS, now=NOW)
    return bucket.contents()


@pytest.fixture
def requests(gcs: GcsServer, contents: Mapping[str, bytes]) -> Callable[[Callable[[], object]], int]:
    for path, data in contents.items():
        gcs.put("tests", f"run/{path}", data, None)

    def count(command: Callable[[], object]) -> int:
        collect()  # a process that ends writes its cache
        gcs.requests.clear()
        command()
        return len(gcs.requests)

    return count


def status(store: CachedStore) -> Overview:
    found = look(PROFILE, store, None, now=NOW, recent=RECENT)
    spending(store, [step.name for step in found.steps], PROFILE)
    return found


def test_status_reads_one_event_of_each_step_once_on_a_machine(requests: Callable[[Callable[[], object]], int]) -> None:
    found: list[Overview] = []
    first = requests(lambda: found.append(status(CachedStore(LOCATION))))
    assert len(found[0].steps) == RECENT
    assert found[0].hidden == STEPS - RECENT
    assert first <= LISTINGS + STEPS + 6 * RECENT
    # Another process: what it has seen lies on the disk.
    assert requests(lambda: status(CachedStore(LOCATION))) <= LISTINGS + 2 * RECENT


def test_a_refresh_costs_what_is_under_way_and_what_is_new(
    gcs: GcsServer, requests: Callable[[Callable[[], object]], int]
) -> None:
    store = CachedStore(LOCATION)
    before = status(store)
    under_way = sum(step.state.goes_on for step in before.steps)
    assert under_way == 2
    known = {step.name: step for step in before.steps}

    def refresh() -> None:
        look(PROFILE, store, None, now=NOW, recent=RECENT, ended=known)

    quiet = requests(refresh)
    assert quiet <= LISTINGS + 5 * under_way
    ended = before.steps[0].name
    Ledger(Store(LOCATION)).append(ended, Event(EventType.SUBMITTED, NOW, "again"))
    assert requests(refresh) <= quiet + 4
    assert not [path for method, path in gcs.requests if method == "GET" and "spec.json" in path]


def test_artifacts_are_listed_with_one_request_each(requests: Callable[[Callable[[], object]], int]) -> None:
    assert requests(lambda: complete_artifacts(CachedStore(LOCATION))) <= 1 + 3 * STEPS
    assert requests(lambda: complete_artifacts(CachedStore(LOCATION))) <= 1 + STEPS


def test_the_newest_report_is_found_without_reading_the_others(
    contents: Mapping[str, bytes], requests: Callable[[Callable[[], object]], int]
) -> None:
    candidates = sum(path.startswith("preprocess-") and path.endswith("/spec.json") for path in contents)
    report = lambda: find_report(CachedStore(LOCATION), None)  # noqa: E731
    assert requests(report) <= LISTINGS + candidates + 30
    assert requests(report) <= LISTINGS + 30


@pytest.mark.parametrize("overrides", [(), ("examples.dupe_factor=3",)], ids=["the newest fits", "none fits"])
def test_planning_reads_the_candidates_alone(
    overrides: tuple[str, ...], contents: Mapping[str, bytes], requests: Callable[[Callable[[], object]], int]
) -> None:
    candidates = sum(path.startswith(("preprocess-", "pretrain-")) and "/spec.json" in path for path in contents)

    def plan() -> None:
        options: dict[str, Any] = {
            **OPTIONS,
            "overrides": overrides,
            "with_inputs": True,
            "corpus": None,
            "vocab": None,
        }
        Request.of("pretrain", PROFILE, **options).steps_to_submit()

    first = requests(plan)
    assert first <= LISTINGS + 4 * candidates + 20
    assert requests(plan) <= LISTINGS + 2 * candidates + 20


def test_gc_lists_the_bucket_once(
    contents: Mapping[str, bytes], requests: Callable[[Callable[[], object]], int]
) -> None:
    def gc() -> None:
        store = CachedStore(LOCATION)
        held = holdings(store, look(PROFILE, store, None, now=NOW, whole_bucket=True).steps)
        assert not plan_gc(held.steps, held.given, now=NOW, older_than=1e9).removals

    requests(gc)
    assert requests(gc) <= LISTINGS + len(contents) // 1000 + 10


def test_no_object_is_fetched_twice_by_one_command(
    gcs: GcsServer, requests: Callable[[Callable[[], object]], int]
) -> None:
    requests(lambda: status(CachedStore(LOCATION)))
    asked = [path for method, path in gcs.requests]
    assert len(asked) == len(set(asked))


def test_a_step_that_was_damaged_and_mended_is_seen_so(gcs: GcsServer) -> None:
    bucket = MemoryBucket()
    step = fill(bucket, 1, now=NOW, under_way=0)[0]
    for path, data in bucket.contents().items():
        gcs.put("tests", f"run/{path}", data, None)
    store = CachedStore(LOCATION)
    spec = f"{step.name}/spec.json"
    whole = Store(LOCATION).get(spec)
    states = []
    for data in (whole, b"{", whole):
        Store(LOCATION).put(spec, data)
        states.append(str(status(store).steps[0].state))
    assert states == ["complete", "damaged", "complete"]
    assert Artifact.open(store, step.name).spec == step.spec
