"""Waiting ends where a step has failed, with its reason. Needs no kubelet and no image."""

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from tests.cluster.waiting import until
from tests.conformance import CASES, NAME, job
from tests.standin_kubelet import StandinKubelet

pytestmark = pytest.mark.cluster


def test_a_failed_step_ends_the_waiting(real_cluster: KubernetesCluster) -> None:
    real_cluster.create(job(CASES[0]))
    kubelet = StandinKubelet(real_cluster, NAME, {0: (43,)})
    with pytest.raises(AssertionError, match=f"its artifact: .*{NAME} has failed: PodFailurePolicy.*exited with 43"):
        until(kubelet.step, "its artifact", cluster=real_cluster)
