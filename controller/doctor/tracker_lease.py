"""Does a tracker work in the namespace? Without one, suspended Jobs are never released."""

from __future__ import annotations

from controller.clusters.kubernetes import KubernetesCluster
from controller.clusters.tracker_presence import find_tracker, start_one
from controller.doctor.check import Check, failed, ok, skipped
from controller.kube.kubectl import within

_NAME = "tracker"


def tracker(cluster: KubernetesCluster) -> Check:
    """Asks its Lease, which a tracker renews every few seconds."""
    found = find_tracker(cluster.api)
    if found.is_present is None:
        look = within(cluster.namespace, "get deployments,pods")
        return skipped(_NAME, f"whether one works is not known: {found.reason}", look)
    if not found.is_present:
        return failed(_NAME, f"{found.reason}: suspended Jobs would wait for ever", start_one(cluster.namespace))
    return ok(_NAME, f"{found.reason}")
