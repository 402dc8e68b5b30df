"""A real API server, by ``KUBECONFIG``: each test gets a namespace of its own, labelled ``restricted``."""

import os
import uuid
from collections.abc import Iterator

import pytest

from controller.kubernetes import KubernetesCluster


@pytest.fixture
def real_cluster() -> Iterator[KubernetesCluster]:
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("needs a cluster: set KUBECONFIG")
    name = f"covid-ctl-test-{uuid.uuid4().hex[:8]}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    cluster = KubernetesCluster.connect(namespace=name)
    cluster.api.post("/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": name, "labels": labels}})
    yield cluster
    cluster.api.delete(f"/api/v1/namespaces/{name}", {})
