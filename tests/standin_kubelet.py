"""Plays kubelet for pods that no node has: reports through their status how their containers fared.

The pods ask for a scheduler that does not exist, so that this works on any API server, also of a cluster
with nodes, and needs no image.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from controller.clusters.kubernetes import KubernetesCluster
from controller.clusters.objects import ObservedPod
from controller.kube.api import MERGE_PATCH
from controller.kube.api_errors import NotFoundError
from controller.labels import LABEL_JOB

NO_SCHEDULER = "nobody"
RUNS = -1
"""In place of an exit code: runs until it is ended."""
DISRUPTED = -2
"""In place of an exit code: taken away, as by preemption."""
OUT_OF_MEMORY = -3
"""In place of an exit code: ended by the kernel at its memory limit."""


class StandinKubelet:
    def __init__(self, cluster: KubernetesCluster, job: str, exits: Mapping[int, Sequence[int]]) -> None:
        self._cluster = cluster
        self._job = job
        self._exits = exits
        self.attempts: Counter[int] = Counter()

    def step(self) -> None:
        """Bring every pod of the Job as far as it goes; the last exit code of an index repeats."""
        path = f"/api/v1/namespaces/{self._cluster.namespace}/pods"
        for item in self._cluster.api.get(path, labelSelector=f"{LABEL_JOB}={self._job}")["items"]:
            pod = ObservedPod.of(item)
            if pod.index is None or pod.phase not in ("Pending", "Running"):
                continue
            if pod.deleting:
                self._report(pod, 143)
            elif pod.phase == "Pending":
                codes = self._exits.get(pod.index, (0,))
                code = codes[min(self.attempts[pod.index], len(codes) - 1)]
                self.attempts[pod.index] += 1
                self._report(pod, code)

    def _report(self, pod: ObservedPod, code: int) -> None:
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        state: dict[str, Any] = {"running": {"startedAt": now}}
        if code != RUNS:
            state = {
                "terminated": {"exitCode": 143 if code == DISRUPTED else code, "startedAt": now, "finishedAt": now}
            }
        if code == OUT_OF_MEMORY:
            state["terminated"] |= {"exitCode": 137, "reason": "OOMKilled"}
        container = {"name": "step", "image": "none", "imageID": "", "ready": False, "restartCount": 0, "state": state}
        phase = {RUNS: "Running", 0: "Succeeded"}.get(code, "Failed")
        status: dict[str, Any] = {"phase": phase, "containerStatuses": [container]}
        if code == DISRUPTED:
            condition = {"type": "DisruptionTarget", "status": "True", "reason": "PreemptionByScheduler"}
            status["conditions"] = [condition | {"lastTransitionTime": now}]
        path = f"/api/v1/namespaces/{self._cluster.namespace}/pods/{pod.name}/status"
        with contextlib.suppress(NotFoundError):  # deleted since it was listed
            self._cluster.api.patch(path, {"status": status}, MERGE_PATCH)
