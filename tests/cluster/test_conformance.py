"""The conformance table against a real API server and its Job controller. Needs no kubelet and no image."""

import time

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from tests.cluster.waiting import SECONDS
from tests.conformance import CASES, NAME, Case, check, job
from tests.standin_kubelet import StandinKubelet

pytestmark = pytest.mark.cluster


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_real_job_controller(case: Case, real_cluster: KubernetesCluster) -> None:
    kubelet = StandinKubelet(real_cluster, NAME, case.exits)

    def step() -> None:
        kubelet.step()
        time.sleep(0.3)

    check(case, real_cluster, job(case), step=step, attempts=lambda: kubelet.attempts, seconds=SECONDS)
    real_cluster.delete(NAME)
    assert real_cluster.status(NAME) is None
