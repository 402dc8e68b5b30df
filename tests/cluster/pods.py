"""Pods of the tests' own, admitted under Pod Security ``restricted``."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from controller.clusters.kubernetes import KubernetesCluster
from controller.clusters.objects import ObservedPod
from controller.clusters.pod_diagnosis import why_not_running
from tests.cluster.waiting import until

SECURITY = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "runAsGroup": 65532,
    "fsGroup": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER_SECURITY = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}
HELD_UP_SECONDS = 120
"""A node may still be getting ready, a registry may refuse once."""
RESOURCES = {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}}


def pod(
    name: str,
    image: str,
    command: Sequence[str],
    *,
    env: Mapping[str, str] | None = None,
    volumes: Sequence[Mapping[str, Any]] = (),
    mounts: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Without a token; it runs once."""
    container = {
        "name": "step",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
        "resources": RESOURCES,
        "securityContext": CONTAINER_SECURITY,
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": list(mounts),
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            "securityContext": SECURITY,
            "containers": [container],
            "volumes": list(volumes),
        },
    }


def run_to_end(cluster: KubernetesCluster, made: Mapping[str, Any]) -> ObservedPod:
    """Create the pod, wait for its end, delete it. Fails early, saying why, where it does not get to run."""
    path = f"/api/v1/namespaces/{cluster.namespace}/pods"
    name = made["metadata"]["name"]
    cluster.api.post(path, made)

    patience = time.monotonic() + HELD_UP_SECONDS

    def ended() -> ObservedPod | None:
        found = ObservedPod.of(cluster.api.get(f"{path}/{name}"))
        events = [event for event in cluster.events() if event.about == name]
        diagnosis = why_not_running(found, events) if found.phase == "Pending" else None
        assert not diagnosis or time.monotonic() < patience, f"pod {name}: {diagnosis.reason}"
        return found if found.phase in ("Succeeded", "Failed") else None

    found = until(ended, f"the end of pod {name}")
    cluster.api.delete(f"{path}/{name}", {})
    return found
