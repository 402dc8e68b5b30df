"""Pods whose node no longer answers, and what to do about them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from controller.clusters.objects import ObservedEvent, ObservedPod
from controller.clusters.pod_diagnosis import Diagnosis
from controller.kube.kubectl import cluster_wide, within
from controller.labels import LABEL_JOB

STUCK_SECONDS = 30.0
"""A pod that still exists so long after its grace period has a node that does not answer."""


def lost_pods(pods: Iterable[ObservedPod], events: Iterable[ObservedEvent], now: float) -> list[ObservedPod]:
    """Pods whose node has stopped answering: marked not ready by the node controller, or never finished deleting."""
    marked = {event.about for event in events if event.kind == "Pod" and event.reason == "NodeNotReady"}
    return [
        pod
        for pod in pods
        if pod.phase == "Running"
        and pod.node
        and (
            pod.is_abandoned
            or (pod.name in marked and not pod.is_ready)
            or (pod.deletion_ends_at is not None and now - pod.deletion_ends_at > STUCK_SECONDS)
        )
    ]


def why_lost(lost: Sequence[ObservedPod], pods: Iterable[ObservedPod], nodes: Mapping[str, str]) -> Diagnosis | None:
    """``nodes`` says why a node is not ready, by its name."""
    if not lost:
        return None
    names = sorted({pod.node for pod in lost})
    told = "; ".join(filter(None, [nodes.get(name, "") for name in names]))
    going = sum(1 for pod in pods if pod.phase in ("Pending", "Running"))
    share = f"{len(lost)} of {going} pods: " if going > 1 else ""
    which = f"node {names[0]} does" if len(names) == 1 else f"nodes {', '.join(names)} do"
    stuck = any(pod.deleting for pod in lost)
    then = "its pod cannot finish terminating there" if stuck else "its pods are replaced once they are evicted"
    return Diagnosis(f"{share}{which} not answer{f' ({told})' if told else ''}; {then}", _when_lost(names[0], lost[0]))


def _when_lost(node: str, pod: ObservedPod) -> str:
    """What to do about a pod on a node that does not come back.

    Deleting the pod is not enough, by force neither: its Job replaces failed pods only (``podReplacementPolicy``), and
    a pod of which no kubelet tells the end never counts as failed, until the node or the Job is gone.
    """
    look, leave = (cluster_wide(f"{verb} node {node}") for verb in ("get", "delete"))
    end = within(pod.namespace, f"delete pod --selector {LABEL_JOB}={pod.job} --force --wait=false")
    return (
        f"{look}; if it will not come back: {leave}; or, where you may not, {end}, "
        f"then covid-ctl cancel {pod.job}, and the command that submitted it: it continues"
    )
