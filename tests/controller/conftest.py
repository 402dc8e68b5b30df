"""An API server in memory for every test that asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.kubernetes import KubernetesCluster
from controller.retrying import Retrying
from tests.api_server.server import ApiServer


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ApiServer]:
    with ApiServer() as running:
        monkeypatch.setenv("KUBECONFIG", str(running.kubeconfig(tmp_path / "kubeconfig")))
        yield running


@pytest.fixture
def pauses() -> list[float]:
    """Every wait between two attempts, in seconds; none is really waited for."""
    return []


@pytest.fixture
def cluster(server: ApiServer, pauses: list[float]) -> KubernetesCluster:
    assert server.url
    return KubernetesCluster.connect(retrying=Retrying(sleep=pauses.append, chance=lambda: 1.0))
