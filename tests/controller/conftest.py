"""An API server in memory for every test that asks for one."""

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.backoff import Retrying
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


class _Mumbles(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        while self.rfile.readline().strip():
            """To the end of the request: what is unread when it closes would reset the connection."""
        self.wfile.write(b"SSH-2.0-tests\r\n")


@pytest.fixture
def no_http() -> Iterator[str]:
    """Host and port of a server that answers, but not in HTTP."""
    with socketserver.TCPServer(("127.0.0.1", 0), _Mumbles) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
