"""Plays kubelet for pods that no node has, and really runs their containers: as processes of this machine."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from controller.clusters.kubernetes import OURS, KubernetesCluster
from controller.kube.api import MERGE_PATCH
from controller.kube.api_errors import ApiError
from controller.labels import LABEL_INDEX

Object = dict[str, Any]


class ProcessKubelet:
    """Use it with ``with``: one pod at a time; of the kinds of step in ``exits`` it only reports the exit code.

    Logs go where the test suite's API server reads them, an annotation.
    """

    def __init__(self, cluster: KubernetesCluster, exits: Mapping[str, int] | None = None) -> None:
        self._cluster = cluster
        self._exits = exits or {}
        self._pods = f"/api/v1/namespaces/{cluster.namespace}/pods"
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run_pods)

    def __enter__(self) -> ProcessKubelet:
        self._thread.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._stopped.set()
        self._thread.join()

    def _run_pods(self) -> None:
        while not self._stopped.wait(0.05):
            for pod in self._cluster.api.get(self._pods, labelSelector=OURS)["items"]:
                if self._stopped.is_set():
                    return
                try:
                    self._step(pod)
                except ApiError:
                    continue  # the pod went meanwhile, or the server did: again in the next round

    def _step(self, pod: Object) -> None:
        if pod["status"].get("phase", "Pending") not in ("Pending", "Running"):
            return
        if "deletionTimestamp" in pod["metadata"]:
            self._report(pod, 143, "")
        elif pod["status"].get("phase", "Pending") == "Pending":
            self._run(pod)

    def _run(self, pod: Object) -> None:
        labels, container = pod["metadata"]["labels"], pod["spec"]["containers"][0]
        code = self._exits.get(labels["covid-ctl/kind"])
        if code is not None:
            self._report(pod, code, "said nothing")
            return
        done = subprocess.run(
            [sys.executable, *container["command"][1:], *container["args"]],
            env={**os.environ, "JOB_COMPLETION_INDEX": labels[LABEL_INDEX]},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        self._report(pod, done.returncode, done.stdout)

    def _report(self, pod: Object, code: int, log: str) -> None:
        path = f"{self._pods}/{pod['metadata']['name']}"
        self._cluster.api.patch(path, {"metadata": {"annotations": {"test/log": log}}}, MERGE_PATCH)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        ended = {"exitCode": code, "message": log[-2000:], "startedAt": now, "finishedAt": now}
        status = {
            "phase": "Failed" if code else "Succeeded",
            "containerStatuses": [
                {
                    "name": pod["spec"]["containers"][0]["name"],
                    "image": "none",
                    "imageID": "",
                    "ready": False,
                    "restartCount": 0,
                    "state": {"terminated": ended},
                }
            ],
        }
        self._cluster.api.patch(f"{path}/status", {"status": status}, MERGE_PATCH)
