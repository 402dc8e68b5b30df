"""Evicts a pod through the API, as draining a node does."""

from __future__ import annotations

from controller.clusters.kubernetes import KubernetesCluster


def evict(cluster: KubernetesCluster, pod: str) -> None:
    """Raises ``OverloadedError`` while a disruption budget forbids it, ``NotFoundError`` when the pod is gone."""
    eviction = {
        "apiVersion": "policy/v1",
        "kind": "Eviction",
        "metadata": {"name": pod, "namespace": cluster.namespace},
    }
    cluster.api.post(f"/api/v1/namespaces/{cluster.namespace}/pods/{pod}/eviction", eviction)
