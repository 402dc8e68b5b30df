"""Diagnoses what is wrong with one pod, in words a person can act on. Pure.

The reasons are those of the kubelet (``pkg/kubelet``: images, container status), the scheduler (condition
``PodScheduled``) and whoever disrupts pods (condition ``DisruptionTarget``).
"""

from __future__ import annotations

import re
import signal
from collections.abc import Iterable
from dataclasses import dataclass

from controller.clusters.objects import ObservedEvent, ObservedPod
from controller.kube.kubectl import within
from jobs.json_text import from_json

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
"""As the scheduler writes it: with its name where a claim is missing or lost, in the plural where none is bound."""

OUT_OF_MEMORY_REMEDY = (
    "pretrain: raise schedule.accumulation, which computes a batch in that many microbatches; tune and control: lower "
    "embedder.train_batch_size; any step: give it more memory, on a cluster in the profile's resources"
)


@dataclass(frozen=True)
class Diagnosis:
    reason: str
    remedy: str = ""


def why_not_running(pod: ObservedPod, events: Iterable[ObservedEvent] = ()) -> Diagnosis | None:
    """Why a pod is still pending; None if it is merely starting. ``events`` are those about it."""
    look = within(pod.namespace, f"describe pod {pod.name}")
    newest = {event.reason: event for event in sorted(events, key=lambda event: event.at)}
    if pod.waiting in _IMAGE:
        return Diagnosis(
            f"{pod.waiting}: {pod.waiting_message or 'its image cannot be pulled'}",
            "check the image's name and digest in the profile, and that the nodes may pull it",
        )
    if pod.waiting in _START:
        return Diagnosis(f"{pod.waiting}: {pod.waiting_message}".rstrip(": "), look)
    if pod.unschedulable:
        scaling = [newest[reason].message for reason in _SCALING_EVENTS if reason in newest]
        remedy = "" if "TriggeredScaleUp" in newest else _how_to_schedule(pod)
        return Diagnosis("; ".join(["Unschedulable: " + pod.unschedulable, *scaling]), remedy)
    for reason in _WAITING_EVENTS:
        if reason in newest:
            return Diagnosis(f"{reason}: {newest[reason].message}", look)
    return None


def _how_to_schedule(pod: ObservedPod) -> str:
    if claim := _CLAIM.search(pod.unschedulable):
        look = within(pod.namespace, " ".join(filter(None, ["describe pvc", claim["name"]])))
        return f"{look}: the claim that the profile names as bucket_volume must be there and bound"
    return "covid-ctl doctor compares the profile with the node pools"


def why_ended(pod: ObservedPod) -> Diagnosis | None:
    """Why a pod failed; None if it has not."""
    if pod.phase != "Failed":
        return None
    if pod.disruption:
        words = _DISRUPTIONS.get(pod.disruption, pod.disruption)
        return Diagnosis("; ".join(filter(None, [f"disrupted: {words}", pod.message])))
    if pod.reason == "Evicted":
        return Diagnosis(f"evicted: {pod.message}", "ask for more of what ran out in the profile's resources")
    if pod.is_out_of_memory:
        return Diagnosis("OOMKilled: it used more memory than its limit", OUT_OF_MEMORY_REMEDY)
    if pod.exit_code is not None:
        if told := parse_termination_message(pod.termination_message):
            return Diagnosis(f"exited with {pod.exit_code}: {told.reason}", told.remedy)
        last = last_line(pod.termination_message)
        return Diagnosis(f"{_exit_words(pod.exit_code)}{f': {last}' if last else ''}")
    return Diagnosis("; ".join(filter(None, [pod.reason or "failed", pod.message])))


def _exit_words(code: int) -> str:
    """``exited with 1``, ``killed by SIGKILL (exit 137)``: from 129 on the number is 128 + the signal's."""
    try:
        return f"killed by {signal.Signals(code - 128).name} (exit {code})"
    except ValueError:
        return f"exited with {code}"


def last_line(log: str) -> str:
    """The last line of a container's log for a person: of an event in JSON, its name."""
    line = (log.strip().splitlines() or [""])[-1]
    try:
        event = from_json(line)
    except ValueError:
        return line
    if not isinstance(event, dict) or "event" not in event:
        return line
    step = event.get("step") or event.get("shard")
    return f"its last log entry was {event['event']}" + (f" of {step}" if step is not None else "")


def parse_termination_message(log: str) -> Diagnosis | None:
    """What one of our containers said about its failure at the end of its log; None if it said nothing."""
    for line in reversed(log.splitlines()):
        try:
            event = from_json(line)
        except ValueError:
            continue
        if isinstance(event, dict) and event.get("event") == "step.failed":
            return Diagnosis(f"{event.get('thing')}: {event.get('reason')}", str(event.get("remedy") or ""))
    return None
