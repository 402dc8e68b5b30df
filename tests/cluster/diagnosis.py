"""What a person would ask the cluster after a failure: Jobs, pods, events, and the end of every log."""

from collections.abc import Callable, Iterator
from typing import Any

import yaml

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import ApiError

LOG_LINES = 60
EVENTS = 80


def diagnose(cluster: KubernetesCluster) -> str:
    """Never raises: what cannot be had is said instead."""
    parts = (_jobs, _pods, _events, _logs)
    return "\n".join(line for part in parts for line in _safely(part, cluster))


def _safely(part: Callable[[KubernetesCluster], Iterator[str]], cluster: KubernetesCluster) -> Iterator[str]:
    try:
        yield from part(cluster)
    except Exception as error:
        yield f"({part.__name__.strip('_')}: {type(error).__name__}: {error})"


def _jobs(cluster: KubernetesCluster) -> Iterator[str]:
    for job in _items(cluster, f"/apis/batch/v1/namespaces/{cluster.namespace}/jobs"):
        spec = {name: value for name, value in job["spec"].items() if name != "template"}
        yield f"job {job['metadata']['name']}: {_short({'spec': spec, 'status': job.get('status')})}"


def _pods(cluster: KubernetesCluster) -> Iterator[str]:
    for pod in _items(cluster, f"/api/v1/namespaces/{cluster.namespace}/pods"):
        meta, containers = pod["metadata"], pod["spec"]["containers"]
        where = {"node": pod["spec"].get("nodeName"), "deleted": meta.get("deletionTimestamp")}
        about = where | {"images": [found["image"] for found in containers], "status": pod.get("status")}
        yield f"pod {meta['name']}: {_short(about)}"


def _events(cluster: KubernetesCluster) -> Iterator[str]:
    found = _items(cluster, f"/api/v1/namespaces/{cluster.namespace}/events")
    for event in sorted(found, key=lambda one: one["metadata"]["creationTimestamp"])[-EVENTS:]:
        about = event["involvedObject"]
        yield f"event {about.get('kind')}/{about.get('name')}: {event.get('reason')}: {event.get('message')}"


def _logs(cluster: KubernetesCluster) -> Iterator[str]:
    for pod in _items(cluster, f"/api/v1/namespaces/{cluster.namespace}/pods"):
        name = pod["metadata"]["name"]
        for container in pod["spec"]["containers"]:
            yield f"log of {name}, the last {LOG_LINES} lines:"
            try:
                text = b"".join(cluster.logs(name, container=container["name"], tail=LOG_LINES))
                yield text.decode(errors="replace")
            except ApiError as error:
                yield f"  none: {error.reason}"


def _items(cluster: KubernetesCluster, path: str) -> list[dict[str, Any]]:
    return list(cluster.api.get(path)["items"])


def _short(value: Any) -> str:
    return str(yaml.safe_dump(value, default_flow_style=True, width=10_000)).strip()
