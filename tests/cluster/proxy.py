"""A port of a pod for this process: at the pod's own address where that can be reached, else through the API server."""

from __future__ import annotations

import contextlib
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from urllib3 import HTTPResponse, Timeout
from urllib3.exceptions import HTTPError

from controller.clusters.kubernetes import KubernetesCluster
from tests.cluster.waiting import until

PASSED_BACK = ("content-type", "content-range", "etag", "last-modified", "x-goog-generation")
PASSED_ON = ("content-type", "range", "x-goog-if-generation-match", "if-match", "if-none-match")
SECONDS = Timeout(connect=10, read=60)
ANSWER_SECONDS = 120
"""From a container that runs to a server that answers."""


def address_of(pod: Mapping[str, Any]) -> str | None:
    """For a URL; None until the pod runs."""
    running = pod["status"].get("phase") == "Running" and pod["status"].get("podIP")
    if not running:
        return None
    host = str(pod["status"]["podIP"])
    return f"[{host}]" if ":" in host else host


def get(url: str) -> bytes:
    """What is there, past any proxy of the environment; nothing where nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bytes(answer.read())
    except OSError:
        return b""


@contextlib.contextmanager
def reach_pod(
    cluster: KubernetesCluster, pod: str, inside: str, answers: Callable[[str], bool], what: str
) -> Iterator[str]:
    """The URL at which ``what`` answers this process: ``inside``, its pod's own, or one of this machine."""
    port = int(inside.rpartition(":")[2])
    with serve_pod(cluster, pod, port) as through_api:
        yield until(
            lambda: next((url for url in (inside, through_api) if answers(url)), None),
            f"an answer, directly at {inside} or through the API server's pods/proxy, of {what}",
            seconds=ANSWER_SECONDS,
        )


@contextlib.contextmanager
def serve_pod(cluster: KubernetesCluster, pod: str, port: int) -> Iterator[str]:
    """The URL under which the pod's HTTP server answers until the block ends. Needs the right to pods/proxy."""
    client = cluster.api._client
    root = f"{client.configuration.host}/api/v1/namespaces/{cluster.namespace}/pods/{pod}:{port}/proxy"

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
            # Of what the client would send, only the credentials are wanted: URL and body pass as they came.
            headers = client.param_serialize("GET", "/", header_params=headers, auth_settings=["BearerToken"])[2]
            try:
                answer: HTTPResponse = client.rest_client.pool_manager.request(
                    self.command, root + self.path, body=body, headers=headers,
                    retries=False, redirect=False, timeout=SECONDS,
                )  # fmt: skip
            except HTTPError as error:
                return self._send(502, str(error).encode(), {})
            back = {name: answer.headers[name] for name in PASSED_BACK if name in answer.headers}
            if self.command == "HEAD":
                back["content-length"] = answer.headers.get("content-length", "0")
            return self._send(answer.status, answer.data, back)

        do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in ({"content-length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
