"""The mirror: what changed is told once, without a request while nothing changes."""

from typing import Any

import pytest

from controller.clusters.informer import Informer
from controller.clusters.interface import JobState
from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import ForbiddenError
from tests.api_server.server import ApiServer
from tests.conformance import CASES, NAME, job
from tests.standin_kubelet import RUNS, StandinKubelet


def settled(informer: Informer, name: str, wanted: JobState) -> None:
    while (status := informer.status(name)) is None or status.state is not wanted:
        assert informer.wait(60), (wanted, status)


def test_it_follows_a_job_to_its_end(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job(CASES[0]))
    kubelet = StandinKubelet(cluster, NAME, {0: (RUNS,)})
    with Informer(cluster, clock=lambda: server.now) as informer:
        assert informer.wait(60) == {NAME}
        assert [pod.index for pod in informer.pods(NAME)] == [0, 1]
        kubelet.step()
        settled(informer, NAME, JobState.RUNNING)
        asked = KubernetesCluster(cluster.api, clock=lambda: server.now)
        while informer.status(NAME) != asked.status(NAME):
            assert informer.wait(60)
        cluster.delete(NAME)
        while informer.jobs() or informer.pods(NAME):
            assert informer.wait(60)
        assert informer.status(NAME) is None


def test_nothing_is_asked_while_nothing_changes(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job(CASES[0]))
    with Informer(cluster) as informer:
        assert informer.wait(60) == {NAME}
        while sum("watch=true" in request for request in server.requests) < 3:
            informer.wait(0.01)
        before = len(server.requests)
        assert informer.wait(0.1) == set()
        informer.status(NAME)
        assert len(server.requests) == before


def test_a_refusal_reaches_whoever_waits(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.denied.add(("list", "pods"))
    with Informer(cluster) as informer, pytest.raises(ForbiddenError, match='cannot list resource "pods"'):
        informer.wait(60)


def test_events_of_a_pod_count_for_its_job(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job(CASES[1]))
    with Informer(cluster, clock=lambda: server.now) as informer:
        assert informer.wait(60) == {NAME}
        (pod,) = informer.pods(NAME)
        for number, words in enumerate(["older", "newer"]):
            made: dict[str, Any] = {
                "metadata": {"name": f"e{number}"},
                "involvedObject": {"kind": "Pod", "name": pod.name},
                "reason": "FailedMount",
                "message": words,
                "lastTimestamp": f"2027-01-15T08:00:0{number}Z",
            }
            server.store.create("events", "default", made)
        while "newer" not in (status.reason if (status := informer.status(NAME)) else ""):
            assert informer.wait(60) == {NAME}
        for number in range(2):
            server.store.delete("events", "default", f"e{number}")
        while "FailedMount" in (status.reason if (status := informer.status(NAME)) else ""):
            assert informer.wait(60) == {NAME}
