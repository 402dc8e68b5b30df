"""A Job is untrusted input: whatever one says, the tracker goes on with the others and reaches for nothing else."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import ForeignJobError
from controller.labels import ANNOTATION_AFTER, ANNOTATION_BUCKET
from controller.ledger.events import EventType
from controller.ledger.lineage import is_step_name
from controller.planning.manifest import render
from jobs.errors import ConfigurationError
from jobs.store import Store
from tests.api_server.server import ApiServer
from tests.controller.steps import profile, steps
from tests.controller.tracked import World, until
from tests.standin_kubelet import RUNS


@pytest.fixture
def world(server: ApiServer, cluster: KubernetesCluster, tmp_path: Path) -> World:
    return World(server, cluster, tmp_path)


def stranger(world: World, annotations: dict[str, str], *, name: str = "ingest-ffffffff") -> dict[str, Any]:
    """Anybody's Job, with our labels and whatever annotations they like."""
    job = render(steps()[0], profile(world.store.location), suspend=True)
    job["metadata"] |= {"name": name, "annotations": job["metadata"]["annotations"] | annotations}
    return world.server.store.create("jobs", "default", job | {"status": {}})


def others_go_on(world: World) -> None:
    """A step of ours is tracked to its start beside the stranger's Job, by one tracker that is never started again."""
    ingest = steps()[0]
    world.submit(ingest)
    world.kubelet(ingest, _0=RUNS).step()
    with world.tracker() as tracker:
        until(lambda: EventType.STARTED in world.types(ingest) and bool(world.errors), tracker)
        world.server.advance(31)
        for _ in range(3):
            tracker.step(0.02)


HOSTILE_NAMES = (
    "../../etc",
    "/etc/passwd",
    "a/b",
    "..",
    "ingest-00000000,../x",
    "ingest-0000000",
    "\u202e",
    "a" * 5000,
)


@pytest.mark.parametrize("after", HOSTILE_NAMES)
def test_a_name_that_is_no_steps_is_refused_once_and_never_looked_up(
    after: str, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    exists = Store.exists
    monkeypatch.setattr(Store, "exists", lambda store, path: asked.append(path) or exists(store, path))
    stranger(world, {ANNOTATION_AFTER: after})
    others_go_on(world)
    assert [(name, type(error)) for name, error in world.errors] == [("ingest-ffffffff", ForeignJobError)]
    (refusal,) = (error for _, error in world.errors if isinstance(error, ForeignJobError))
    assert refusal.remedy.startswith("kubectl --namespace default describe job ingest-ffffffff; ")
    assert all(is_step_name(path.partition("/")[0]) for path in asked)
    assert world.ledger.steps() == [steps()[0].name]


@pytest.mark.parametrize("bucket", ["/elsewhere", "gs://somebody/else", "https://10.0.0.1/x", "", "memory://x"])
def test_another_bucket_is_never_opened(bucket: str, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(Store, "__init__", lambda _store, location, **_: opened.append(location))
    if bucket == "/elsewhere":
        bucket = str(Path(world.store.location).with_name("elsewhere"))
    stranger(world, {ANNOTATION_BUCKET: bucket})
    others_go_on(world)
    (found,) = world.errors
    assert isinstance(found[1], ForeignJobError)
    assert repr(bucket) in found[1].reason
    assert opened == []
    assert not Path(world.store.location).with_name("elsewhere").exists()


def test_a_job_that_nobody_submitted_leaves_nothing_in_the_bucket(world: World) -> None:
    stranger(world, {})
    others_go_on(world)
    assert {type(error) for _, error in world.errors} == {ConfigurationError}
    assert world.ledger.steps() == [steps()[0].name]


def test_a_foreign_job_that_gives_way_to_ours_is_tracked(world: World) -> None:
    ingest = steps()[0]
    stranger(world, {ANNOTATION_BUCKET: "/elsewhere"}, name=ingest.name)
    with world.tracker() as tracker:
        until(lambda: bool(world.errors), tracker)
        world.cluster.delete(ingest.name)
        world.submit(ingest)
        world.kubelet(ingest, _0=RUNS).step()
        until(lambda: EventType.STARTED in world.types(ingest), tracker)


class _UnheardOfError(Exception):
    """Anything that no code here knows of."""


def test_any_exception_of_one_step_is_survived_and_tried_again_ever_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest, signatures, *_ = steps()
    world.submit(ingest, signatures)
    waits: list[float] = []

    def fail(*_: object) -> None:
        raise _UnheardOfError

    monkeypatch.setattr("controller.tracking.tracked_step.is_settled", fail)
    with world.tracker(on_error=lambda _name, _error, seconds: waits.append(seconds)) as tracker:
        until(lambda: len(waits) == 2, tracker)
        for seconds in (6, 11, 21):
            world.server.advance(seconds)
            tracker.step(0.02)
        assert waits == [5.0, 5.0, 10.0, 10.0, 20.0, 20.0, 40.0, 40.0]
        monkeypatch.undo()
        world.server.advance(41)
        until(lambda: world.history(ingest).observed is not None, tracker)


TEXT = st.text(string.printable + "\u202e\x85\x00", max_size=40)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TEXT, max_size=4), TEXT)
def test_what_is_taken_for_a_steps_name_is_one_folder_without_dots(texts: list[str], hexes: str) -> None:
    for text in (*texts, f"ingest-{hexes}", f"{hexes}-00000000"):
        if is_step_name(text):
            assert set(text) <= set(string.ascii_lowercase + string.digits + "-")
            assert text[0] != "-"
