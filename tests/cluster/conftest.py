"""A real API server, by ``KUBECONFIG``: each test gets a namespace of its own, labelled ``restricted``."""

import os
import time
import uuid
from collections.abc import Iterator

import pytest

from controller.api_errors import NotFoundError
from controller.kubernetes import KubernetesCluster


@pytest.fixture
def real_cluster() -> Iterator[KubernetesCluster]:
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("needs a cluster: set KUBECONFIG")
    name = f"covid-ctl-test-{uuid.uuid4().hex[:8]}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster = KubernetesCluster.connect(namespace=name)
    cluster.api.post("/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    _wait_for_service_account(cluster)
    yield cluster
    cluster.api.delete(f"/api/v1/namespaces/{name}", {})


def _wait_for_service_account(cluster: KubernetesCluster) -> None:
    """Pods are refused until the namespace has its own."""
    while True:
        try:
            cluster.api.get(f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts/default")
        except NotFoundError:
            time.sleep(0.2)
        else:
            return
