"""The conformance table against processes of this machine, and against the model of an API server over HTTP."""

import time
from collections import Counter
from pathlib import Path

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from controller.clusters.local import LocalCluster
from jobs.store import Store
from tests.api_server.server import ApiServer
from tests.conformance import CASES, NAME, Case, check, job
from tests.standin_kubelet import StandinKubelet

by_name = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@pytest.mark.parametrize("case", [c for c in CASES if not c.needs_pods], ids=lambda case: case.name)
def test_processes(case: Case, tmp_path: Path) -> None:
    program = f"""
import os, pathlib, sys, time
index = int(os.environ["JOB_COMPLETION_INDEX"])
here = pathlib.Path({str(tmp_path)!r})
attempt = len(list(here.glob(f"attempt-{{index}}-*")))
(here / f"attempt-{{index}}-{{attempt}}").touch()
codes = {dict(case.exits)!r}.get(index, [0])
code = codes[min(attempt, len(codes) - 1)]
time.sleep(0 if code >= 0 else 60)
sys.exit(code)
"""

    def attempts() -> Counter[int]:
        return Counter(int(path.name.split("-")[1]) for path in tmp_path.glob("attempt-*"))

    with LocalCluster(Store(str(tmp_path / "bucket")), backoff_seconds=0.02) as cluster:
        check(case, cluster, job(case, program), step=lambda: time.sleep(0.01), attempts=attempts)


@by_name
def test_an_api_server(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with ApiServer() as server:
        monkeypatch.setenv("KUBECONFIG", str(server.kubeconfig(tmp_path / "kubeconfig")))
        cluster = KubernetesCluster.connect()
        kubelet = StandinKubelet(cluster, NAME, case.exits)

        def step() -> None:
            kubelet.step()
            server.advance(5)

        check(case, cluster, job(case), step=step, attempts=lambda: kubelet.attempts)
        cluster.delete(NAME)
        assert cluster.status(NAME) is None
