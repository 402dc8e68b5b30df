"""A cluster for the real ``covid-ctl``: an API server in memory, and a kubelet that runs pods as processes."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.api_server.server import ApiServer
from tests.e2e.command import COVID_CTL, Done, environment

PROFILE = """\
default_profile = "test"

[profiles.test]
namespace = "default"
bucket = "{bucket}"
bucket_volume = "bucket"
parallelism = 2

[profiles.test.images]
worker = "worker:1"
trainer = "trainer:1"
exporter = "exporter:1"
tags_allowed = true
"""


@dataclass(frozen=True)
class ClusterOfTests:
    server: ApiServer
    folder: Path

    @property
    def bucket(self) -> Path:
        return self.folder / "bucket"

    @property
    def environment(self) -> dict[str, str]:
        places = {
            "KUBECONFIG": str(self.folder / "kubeconfig"),
            "COVID_CTL_CONFIG": str(self.folder / "covid-ctl.toml"),
        }
        return environment(None) | places

    def covid_ctl(self, *arguments: str) -> Done:
        running = self.start(*arguments)
        out, err = running.communicate(timeout=120)
        return Done(running.returncode, out, err)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(COVID_CTL), *arguments],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def jobs(self) -> dict[str, dict[str, Any]]:
        """By kind of step."""
        return {job["metadata"]["labels"]["covid-ctl/kind"]: job for job in self.server.store.all("jobs", "default")}

    def written(self) -> list[str]:
        return sorted(str(path.relative_to(self.bucket)) for path in self.bucket.rglob("*") if path.is_file())


@contextlib.contextmanager
def cluster_of_tests(folder: Path) -> Iterator[ClusterOfTests]:
    (folder / "bucket").mkdir()
    (folder / "covid-ctl.toml").write_text(PROFILE.format(bucket=folder / "bucket"))
    with ApiServer() as server:
        server.kubeconfig(folder / "kubeconfig")
        yield ClusterOfTests(server, folder)


@contextlib.contextmanager
def kubelet(server: ApiServer, exits: Mapping[str, int] = {}) -> Iterator[None]:
    """Runs every pod's container as a process, one at a time; of the kinds in ``exits`` it only says the code."""
    stopped = threading.Event()
    thread = threading.Thread(target=_run_pods, args=(server, exits, stopped))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()


def _run_pods(server: ApiServer, exits: Mapping[str, int], stopped: threading.Event) -> None:
    while not stopped.wait(0.05):
        for pod in server.store.all("pods", "default"):
            if pod["status"]["phase"] == "Pending" and not stopped.is_set():
                _run(server, pod, exits)


def _run(server: ApiServer, pod: dict[str, Any], exits: Mapping[str, int]) -> None:
    container = pod["spec"]["containers"][0]
    labels = pod["metadata"]["labels"]
    code, text = exits.get(labels["covid-ctl/kind"]), "said nothing"
    if code is None:
        index = labels["batch.kubernetes.io/job-completion-index"]
        done = subprocess.run(
            [sys.executable, *container["command"][1:], *container["args"]],
            env={**os.environ, "JOB_COMPLETION_INDEX": index},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        code, text = done.returncode, done.stdout
    state = {"terminated": {"exitCode": code, "message": text[-2000:], "finishedAt": server.store.now()}}
    pod = server.store.get("pods", "default", pod["metadata"]["name"])
    pod["metadata"]["annotations"]["test/log"] = text
    pod["status"] = {
        "phase": "Failed" if code else "Succeeded",
        "containerStatuses": [{"name": container["name"], "state": state}],
    }
    server.store.update("pods", "default", pod)
