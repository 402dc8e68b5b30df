"""Submitting to a cluster: at most one Job of a name, whatever became of the last one."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.api_errors import ForeignJobError, NotFoundError, StillThereError
from controller.kubernetes import KubernetesCluster
from controller.ledger import Event, EventType
from controller.preflight import cheap_checks
from controller.submission import Outcome
from jobs.errors import PreflightError
from jobs.store import Store
from tests.api_server.server import ApiServer
from tests.controller.steps import complete, profile, steps
from tests.controller.tracked import World


@pytest.fixture
def world(server: ApiServer, cluster: KubernetesCluster, tmp_path: Path) -> World:
    return World(server, cluster, tmp_path)


def outcomes(world: World) -> list[Outcome]:
    return [submitted.outcome for submitted in world.submit(*steps())]


def test_jobs_are_suspended_while_their_inputs_are_not_complete(world: World) -> None:
    complete(world.store, steps()[0])
    submitted = world.submit(*steps())
    assert [one.outcome for one in submitted] == [Outcome.COMPLETE, *[Outcome.CREATED] * 3]
    assert [len(one.missing) for one in submitted] == [0, 0, 1, 2]
    assert [world.suspended(step) for step in steps()[1:]] == [False, True, True]


def test_twice_changes_nothing(world: World) -> None:
    world.submit(*steps())
    before = [(job["metadata"]["resourceVersion"], job["spec"]) for job in world.server.store.all("jobs", "default")]
    written = [(info.path, info.size) for info in world.store.objects()]
    assert outcomes(world) == [Outcome.THERE] * 4
    after = [(job["metadata"]["resourceVersion"], job["spec"]) for job in world.server.store.all("jobs", "default")]
    assert (after, [(info.path, info.size) for info in world.store.objects()]) == (before, written)


def test_what_is_complete_needs_no_job(world: World) -> None:
    for step in steps():
        complete(world.store, step)
    assert outcomes(world) == [Outcome.COMPLETE] * 4
    assert world.server.store.all("jobs", "default") == []


def test_a_failed_job_makes_room_for_another(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    first = world.server.store.get("jobs", "default", ingest.name)["metadata"]["uid"]
    world.kubelet(ingest, _0=43).step()
    (again,) = world.submit(ingest)
    assert again.outcome is Outcome.AGAIN
    assert "exited with 43" in again.why_again
    assert world.server.store.get("jobs", "default", ingest.name)["metadata"]["uid"] != first
    assert world.types(ingest) == [EventType.SUBMITTED, EventType.SUBMITTED]


ENDED = {
    EventType.FAILED: "it had failed: by chance",
    EventType.CANCELLED: "it had been cancelled",
    EventType.SUCCEEDED: "its artifact is gone",
    EventType.STARTED: "its Job was gone",
}


@pytest.mark.parametrize("life", ENDED)
def test_the_ledger_knows_what_became_of_a_job_that_is_gone(life: EventType, world: World) -> None:
    ingest = steps()[0]
    world.ledger.append(ingest.name, Event(EventType.SUBMITTED, 1.0))
    world.ledger.append(ingest.name, Event(life, 2.0, "by chance"))
    (again,) = world.submit(ingest)
    assert (again.outcome, again.why_again) == (Outcome.AGAIN, ENDED[life])


def test_a_refused_job_leaves_nothing_behind(world: World) -> None:
    ingest, signatures, *_ = steps()
    foreign = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": signatures.name}, "status": {}}
    world.server.store.create("jobs", "default", {**foreign, "spec": {"completions": 1, "template": {"spec": {}}}})
    with pytest.raises(ForeignJobError, match="covid-ctl did not make"):
        world.submit(ingest, signatures)
    assert [job["metadata"]["name"] for job in world.server.store.all("jobs", "default")] == [signatures.name]
    assert world.store.objects() == []


def test_a_missing_namespace_leaves_nothing_behind(world: World) -> None:
    cluster = KubernetesCluster.connect(namespace="absent")
    world.cluster = cluster
    with pytest.raises(NotFoundError) as caught:
        world.submit(*steps())
    assert caught.value.remedy == "kubectl create namespace absent"
    assert world.store.objects() == []


def test_one_that_is_still_being_deleted_is_waited_for_by_the_person(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    job = world.server.store.get("jobs", "default", ingest.name)
    job["metadata"] |= {"deletionTimestamp": world.server.store.now(), "finalizers": ["somebody/else"]}
    world.server.store.update("jobs", "default", job)
    with pytest.raises(StillThereError, match="still being deleted"):
        world.submit(ingest)
    assert world.types(ingest) == [EventType.SUBMITTED]


def test_cheap_checks_name_every_verb_that_is_missing(world: World) -> None:
    world.server.denied |= {("create", "jobs"), ("patch", "jobs")}
    with pytest.raises(PreflightError, match="you may not create, patch Jobs there"):
        cheap_checks(profile(world.store.location), world.cluster, world.store)


def test_cheap_checks_try_the_bucket_and_leave_nothing(world: World, tmp_path: Path) -> None:
    cheap_checks(profile(world.store.location), world.cluster, world.store)
    assert world.store.objects() == []
    (tmp_path / "file").write_text("")
    store = Store(str(tmp_path / "file" / "bucket"))
    with pytest.raises(PreflightError, match="cannot be written"):
        cheap_checks(profile(store.location), world.cluster, store)
