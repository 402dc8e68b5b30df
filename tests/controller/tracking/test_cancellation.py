"""Cancelling: pods and Job go, the record stays, and who waits for it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.clusters.kubernetes import DELETION_SECONDS, KubernetesCluster
from controller.kube.api_errors import ForbiddenError, ForeignJobError, StillThereError, UnreachableError
from controller.labels import ANNOTATION_BUCKET, LABEL_MANAGED_BY, MANAGER
from controller.ledger.events import EventType
from controller.tracking.cancellation import cancel
from controller.tracking.submission import SubmissionOutcome
from jobs.errors import ConfigurationError, CovidCtlError
from tests.api_server.server import ApiServer, Fault
from tests.controller.steps import complete, steps
from tests.controller.tracked import World, until
from tests.standin_kubelet import RUNS

CANCELLED = EventType.CANCELLED


@pytest.fixture
def world(server: ApiServer, cluster: KubernetesCluster, tmp_path: Path) -> World:
    return World(server, cluster, tmp_path)


def end(world: World, name: str) -> tuple[str, tuple[str, ...]]:
    ((_, cancelled),) = cancel([name], world.store, world.cluster, who="by Ada", clock=world.now)
    if isinstance(cancelled, CovidCtlError):
        raise cancelled
    return cancelled.was, cancelled.behind


def test_its_pods_go_its_record_stays_and_what_waits_is_told(world: World) -> None:
    ingest, *behind = steps()
    world.submit(*steps())
    world.kubelet(ingest, _0=RUNS).step()
    with world.tracker() as tracker:
        until(lambda: EventType.STARTED in world.types(ingest), tracker)
        assert end(world, ingest.name) == ("cancelled", tuple(sorted(step.name for step in behind)))
        assert world.cluster.pods(ingest.name) == []
        assert world.cluster.job(ingest.name) is None
        for _ in range(5):
            tracker.step(0.02)
    assert world.life(ingest) == [EventType.SUBMITTED, EventType.STARTED, CANCELLED]
    assert world.history(ingest).detail == "by Ada"
    assert world.store.exists(f"{ingest.name}/spec.json")
    assert world.submit(ingest)[0].outcome is SubmissionOutcome.AGAIN


def test_it_works_when_the_job_is_gone(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    world.cluster.delete(ingest.name)
    assert end(world, ingest.name) == ("cancelled; its Job was gone", ())
    assert world.types(ingest) == [EventType.SUBMITTED, CANCELLED]
    assert end(world, ingest.name) == ("not running: cancelled", ())
    assert world.types(ingest) == [EventType.SUBMITTED, CANCELLED]


def test_what_is_complete_stays_complete(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    complete(world.store, ingest)
    assert end(world, ingest.name) == ("already complete; its Job is deleted", ())
    assert end(world, ingest.name) == ("already complete", ())
    assert world.types(ingest) == [EventType.SUBMITTED]


def test_an_unknown_name_is_refused(world: World) -> None:
    with pytest.raises(ConfigurationError, match="no such step"):
        end(world, "ingest-00000000")


def test_without_permission_nothing_is_noted(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    world.server.denied.add(("delete", "jobs"))
    with pytest.raises(ForbiddenError, match="you may not delete"):
        end(world, ingest.name)
    assert world.types(ingest) == [EventType.SUBMITTED]


@pytest.mark.parametrize("change", [{"labels": {}}, {"annotations": {ANNOTATION_BUCKET: "gs://bucket/other"}}])
def test_another_ones_job_is_left_alone(world: World, change: dict[str, Any]) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    job = world.server.store.get("jobs", "default", ingest.name)
    job["metadata"] |= {"labels": {LABEL_MANAGED_BY: MANAGER}} | change
    world.server.store.update("jobs", "default", job)
    with pytest.raises(ForeignJobError):
        end(world, ingest.name)
    assert world.types(ingest) == [EventType.SUBMITTED]
    assert world.cluster.job(ingest.name) is not None


def test_all_are_ended_before_any_is_waited_for_and_all_share_the_time(world: World) -> None:
    several = [steps(shards)[0] for shards in (1, 2, 3)]
    world.submit(*several)
    for pod in world.server.store.all("pods", "default"):
        pod["metadata"]["finalizers"].append("somebody/else")
        world.server.store.update("pods", "default", pod)
    waited: list[float] = []

    def sleep(seconds: float) -> None:
        assert all("deletionTimestamp" in job["metadata"] for job in world.server.store.all("jobs", "default"))
        waited.append(seconds)

    patient = KubernetesCluster(world.cluster.api, clock=lambda: sum(waited), sleep=sleep)
    ended = dict(cancel([step.name for step in several], world.store, patient, who="by Ada", clock=world.now))
    assert [type(one) for one in ended.values()] == [StillThereError] * 3
    assert sum(waited) == DELETION_SECONDS
    assert all(world.types(step)[-1] is CANCELLED for step in several)


def test_a_cluster_that_does_not_answer_is_met_once(world: World, pauses: list[float]) -> None:
    several = steps()[:3]
    world.submit(*several)
    world.server.faults.append(Fault("GET", several[1].name, 0, times=1000))
    ended = list(cancel([step.name for step in several], world.store, world.cluster, who="by Ada", clock=world.now))
    assert [name for name, _ in ended] == [several[0].name, world.cluster.api.context]
    assert isinstance(ended[-1][1], UnreachableError)
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0]
    assert CANCELLED not in world.types(several[1])
