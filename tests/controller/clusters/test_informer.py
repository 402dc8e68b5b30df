"""The mirror: what changed is told once, without a request while nothing changes."""

from typing import Any

import pytest

from controller.clusters.informer import Mirror
from controller.clusters.interface import JobState
from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.errors import ForbiddenError
from tests.api_server.server import ApiServer
from tests.conformance import CASES, NAME, job
from tests.standin_kubelet import RUNS, StandinKubelet


def settled(mirror: Mirror, name: str, wanted: JobState) -> None:
    while (status := mirror.status(name)) is None or status.state is not wanted:
        assert mirror.wait(10), (wanted, status)


def test_it_follows_a_job_to_its_end(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job(CASES[0]))
    kubelet = StandinKubelet(cluster, NAME, {0: (RUNS,)})
    with Mirror(cluster, clock=lambda: server.now) as mirror:
        assert mirror.wait(10) == {NAME}
        assert [pod.index for pod in mirror.pods(NAME)] == [0, 1]
        kubelet.step()
        settled(mirror, NAME, JobState.RUNNING)
        asked = KubernetesCluster(cluster.api, clock=lambda: server.now)
        while mirror.status(NAME) != asked.status(NAME):
            assert mirror.wait(10)
        cluster.delete(NAME)
        while mirror.jobs() or mirror.pods(NAME):
            assert mirror.wait(10)
        assert mirror.status(NAME) is None


def test_nothing_is_asked_while_nothing_changes(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job(CASES[0]))
    with Mirror(cluster) as mirror:
        assert mirror.wait(10) == {NAME}
        while sum("watch=true" in request for request in server.requests) < 3:
            mirror.wait(0.01)
        before = len(server.requests)
        assert mirror.wait(0.1) == set()
        mirror.status(NAME)
        assert len(server.requests) == before


def test_a_refusal_reaches_whoever_waits(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.denied.add(("list", "pods"))
    with Mirror(cluster) as mirror, pytest.raises(ForbiddenError, match='cannot list resource "pods"'):
        mirror.wait(10)


def test_events_of_a_pod_count_for_its_job(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job(CASES[1]))
    with Mirror(cluster, clock=lambda: server.now) as mirror:
        assert mirror.wait(10) == {NAME}
        (pod,) = mirror.pods(NAME)
        for number, words in enumerate(["older", "newer"]):
            made: dict[str, Any] = {
                "metadata": {"name": f"e{number}"},
                "involvedObject": {"kind": "Pod", "name": pod.name},
                "reason": "FailedMount",
                "message": words,
                "lastTimestamp": f"2027-01-15T08:00:0{number}Z",
            }
            server.store.create("events", "default", made)
        while "newer" not in (status.reason if (status := mirror.status(NAME)) else ""):
            assert mirror.wait(10) == {NAME}
        for number in range(2):
            server.store.delete("events", "default", f"e{number}")
        while "FailedMount" in (status.reason if (status := mirror.status(NAME)) else ""):
            assert mirror.wait(10) == {NAME}
