"""Waiting for steps outlives outages of bucket and cluster, and says so while they last."""

from __future__ import annotations

from itertools import chain, repeat
from pathlib import Path
from typing import NoReturn

import pytest

from controller.clusters.informer import Informer
from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import ForbiddenError, UnreachableError
from controller.tracking.observer import ClusterObserver
from controller.tracking.outages import AGAIN_SECONDS, BUCKET, CLUSTER, SETTLED_SECONDS, Outages
from controller.tracking.tracker import Tracker
from controller.tracking.wait import StepUpdate, StillRunningError, Waiting
from jobs.artifact import Artifact
from jobs.errors import StoreError, StoreUnreachableError
from tests.api_server.server import ApiServer, Fault
from tests.controller.steps import complete, steps
from tests.controller.tracked import World

GONE = StoreUnreachableError("gs://papers/x", "connection reset")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_an_outage_is_said_once_then_each_minute_then_that_it_is_over() -> None:
    clock, said = Clock(), list[str]()
    outages = Outages(said.append, clock=clock)
    for _ in range(20):
        outages.tolerate("a-1", GONE, 5.0)
        clock.now += AGAIN_SECONDS / 10
    assert [line.partition(" (")[0] for line in said] == [
        "the bucket does not answer",
        "the bucket has not answered for 60 s",
    ]
    outages.answered(BUCKET)
    assert len(said) == 2  # it failed a moment ago
    clock.now += SETTLED_SECONDS
    outages.answered(BUCKET)
    outages.answered(BUCKET)
    assert said[2:] == ["the bucket answers again, after 2 min"]


def test_bucket_and_cluster_are_told_apart() -> None:
    said: list[str] = []
    outages = Outages(said.append)
    outages.tolerate("a-1", UnreachableError("context c", "timed out"), 5.0)
    outages.tolerate("a-1", GONE, 5.0)
    outages.answered(CLUSTER)
    assert [line.split(" (")[0] for line in said] == ["the cluster does not answer", "the bucket does not answer"]


@pytest.mark.parametrize("error", [StoreError("x", "permission denied"), ForbiddenError("jobs", "no"), KeyError("x")])
def test_what_waiting_does_not_mend_is_raised(error: Exception) -> None:
    with pytest.raises(type(error)):
        Outages(lambda _: None).tolerate("a-1", error, 5.0)


@pytest.fixture
def world(server: ApiServer, cluster: KubernetesCluster, tmp_path: Path) -> World:
    return World(server, cluster, tmp_path)


def interrupt(_: object) -> NoReturn:
    raise AssertionError("nobody interrupts")


def wait(world: World, said: list[str], told: list[StepUpdate], *, timeout: float | None = None) -> object:
    ingest = steps()[0]
    outages = Outages(said.append)
    with Informer(world.cluster) as informer:
        observer = ClusterObserver(world.cluster, informer)
        waiting = Waiting(
            Tracker(observer, world.store, names={ingest.name}, on_error=outages.tolerate),
            observer,
            world.store,
            told.append,
            outages,
            report_seconds=0.0,
            interrupted=lambda: False,
            on_interrupt=interrupt,
            timeout=timeout,
        )
        return waiting.until_complete([ingest])


def test_a_bucket_that_is_away_for_a_while_ends_no_waiting(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    manifest, failures = Artifact.manifest, chain(repeat(GONE, 3), repeat(None))

    def sometimes(artifact: Artifact) -> object:
        error = next(failures)
        if error:
            raise error
        return manifest(artifact)

    complete(world.store, ingest)
    world.kubelet(ingest).step()
    monkeypatch.setattr(Artifact, "manifest", sometimes)
    said, told = list[str](), list[StepUpdate]()
    assert wait(world, said, told)
    assert (
        said[0]
        == "the bucket does not answer (gs://papers/x: connection reset); the steps go on, and so does waiting for them"
    )
    assert told[-1].manifest is not None


def test_a_cluster_that_is_away_is_said_and_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.kube.watch.OUTAGE_SECONDS", 0.0)
    world.submit(steps()[0])
    world.server.faults.append(Fault("GET", "/jobs", 0, times=10**6))
    said: list[str] = []
    with pytest.raises(StillRunningError):
        wait(world, said, [], timeout=3.0)
    assert said
    assert said[0].startswith("the cluster does not answer (")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.tracking.wait.STEP_SECONDS", 0.05)
