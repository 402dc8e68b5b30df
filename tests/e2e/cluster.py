"""A cluster for the real ``covid-ctl``: an API server in memory whose pods run as processes."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api import Api
from controller.kube.connection import connect
from tests.api_server.server import ApiServer
from tests.e2e.command import COVID_CTL, Done, answer, environment
from tests.process_kubelet import ProcessKubelet
from tests.signals import as_from_a_terminal

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

[profiles.test.workers]
cpu = "1"
memory = "1Gi"
node_selector = {{"example.org/no-such-node" = "true"}}
"""


@dataclass(frozen=True)
class ClusterOfTests:
    server: ApiServer
    folder: Path
    program: Path = COVID_CTL

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
        out, err = running.communicate(timeout=300)
        return Done(running.returncode, out, err)

    def answer(self, *arguments: str) -> Done:
        return answer(*arguments, cwd=self.folder, variables=self.environment)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(self.program), *arguments],
            env=self.environment,
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=as_from_a_terminal,
        )

    def kubelet(self, exits: Mapping[str, int] | None = None) -> ProcessKubelet:
        connection = connect(kubeconfig=str(self.folder / "kubeconfig"))
        return ProcessKubelet(KubernetesCluster(Api(connection)), exits)

    def jobs(self) -> dict[str, dict[str, Any]]:
        """By kind of step."""
        return {job["metadata"]["labels"]["covid-ctl/kind"]: job for job in self.server.store.all("jobs", "default")}

    def written(self) -> list[str]:
        return sorted(str(path.relative_to(self.bucket)) for path in self.bucket.rglob("*") if path.is_file())


@contextlib.contextmanager
def cluster_of_tests(folder: Path, program: Path = COVID_CTL) -> Iterator[ClusterOfTests]:
    (folder / "bucket").mkdir()
    (folder / "covid-ctl.toml").write_text(PROFILE.format(bucket=folder / "bucket"))
    with ApiServer() as server:
        server.kubeconfig(folder / "kubeconfig")
        server.store.create("serviceaccounts", "default", {"metadata": {"name": "covid-ctl-worker"}})
        claim = {"metadata": {"name": "bucket"}, "status": {"phase": "Bound"}}
        server.store.create("persistentvolumeclaims", "default", claim)
        yield ClusterOfTests(server, folder, program)
