"""What is wrong with one pod, in words a person can act on. Pure.

The reasons are those of the kubelet (``pkg/kubelet``: images, container status), the scheduler (condition
``PodScheduled``) and whoever disrupts pods (condition ``DisruptionTarget``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from controller.clusters.objects import ObservedEvent, ObservedPod

_IMAGE = ("ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError")
_START = ("CreateContainerConfigError", "CreateContainerError", "RunContainerError", "CrashLoopBackOff")
_DISRUPTIONS = {
    "PreemptionByScheduler": "preempted by a pod of higher priority",
    "DeletionByTaintManager": "its node was tainted",
    "EvictionByEvictionAPI": "evicted, as when a node is drained",
    "DeletionByPodGC": "its node disappeared",
    "TerminationByKubelet": "its node ran short or was shut down",
}
_WAITING_EVENTS = ("FailedMount", "FailedAttachVolume", "FailedCreatePodSandBox")
_SCALING_EVENTS = ("NotTriggerScaleUp", "TriggeredScaleUp", "FailedScaleUp")
_CLAIM = re.compile(r'persistentvolumeclaim(?:s| "(?P<name>[^"]+)")', re.IGNORECASE)
"""In the scheduler's words: by name where it is missing, going or lost, in the plural where it is not bound."""


@dataclass(frozen=True)
class Diagnosis:
    reason: str
    remedy: str = ""


def why_not_running(pod: ObservedPod, events: Iterable[ObservedEvent] = ()) -> Diagnosis | None:
    """Of a pod that is pending; None where it is merely starting. ``events`` are those about it."""
    newest = {event.reason: event for event in sorted(events, key=lambda event: event.at)}
    if pod.waiting in _IMAGE:
        return Diagnosis(
            f"{pod.waiting}: {pod.waiting_message or 'its image cannot be pulled'}",
            "check the image's name and digest in the profile, and that the nodes may pull it",
        )
    if pod.waiting in _START:
        return Diagnosis(f"{pod.waiting}: {pod.waiting_message}".rstrip(": "), f"kubectl describe pod {pod.name}")
    if pod.unschedulable:
        scaling = [newest[reason].message for reason in _SCALING_EVENTS if reason in newest]
        remedy = "" if "TriggeredScaleUp" in newest else _how_to_schedule(pod.unschedulable)
        return Diagnosis("; ".join(["Unschedulable: " + pod.unschedulable, *scaling]), remedy)
    for reason in _WAITING_EVENTS:
        if reason in newest:
            return Diagnosis(f"{reason}: {newest[reason].message}", f"kubectl describe pod {pod.name}")
    return None


def _how_to_schedule(told: str) -> str:
    if claim := _CLAIM.search(told):
        look = " ".join(filter(None, ["kubectl describe pvc", claim["name"]]))
        return f"{look}: the claim that the profile names as bucket_volume must be there and bound"
    return "covid-ctl doctor compares the profile with the node pools"


def why_ended(pod: ObservedPod) -> Diagnosis | None:
    """Of a pod that failed."""
    if pod.phase != "Failed":
        return None
    if pod.disruption:
        words = _DISRUPTIONS.get(pod.disruption, pod.disruption)
        return Diagnosis("; ".join(filter(None, [f"disrupted: {words}", pod.message])))
    if pod.reason == "Evicted":
        return Diagnosis(f"evicted: {pod.message}", "ask for more of what ran out in the profile's resources")
    if pod.ended == "OOMKilled":
        return Diagnosis("OOMKilled: it used more memory than its limit", "raise the memory in the profile's resources")
    if pod.exit_code is not None:
        if told := parse_termination_message(pod.termination_message):
            return Diagnosis(f"exited with {pod.exit_code}: {told.reason}", told.remedy)
        last = pod.termination_message.splitlines()[-1:]
        return Diagnosis(f"exited with {pod.exit_code}" + "".join(f": {line}" for line in last))
    return Diagnosis("; ".join(filter(None, [pod.reason or "failed", pod.message])))


def parse_termination_message(log: str) -> Diagnosis | None:
    """What a container of ours said of its failure, at the end of its log; None where it could not."""
    for line in reversed(log.splitlines()):
        try:
            event = json.loads(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("event") == "step.failed":
            return Diagnosis(f"{event.get('thing')}: {event.get('reason')}", str(event.get("remedy") or ""))
    return None
