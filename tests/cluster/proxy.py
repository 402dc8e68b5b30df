"""A port of a pod as one of this machine, through the API server: for what knows nothing of API servers."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from urllib3 import HTTPResponse, Timeout
from urllib3.exceptions import HTTPError

from controller.clusters.kubernetes import KubernetesCluster

PASSED_BACK = ("content-type", "content-range", "etag", "last-modified", "x-goog-generation")
PASSED_ON = ("content-type", "range", "x-goog-if-generation-match", "if-match", "if-none-match")
SECONDS = Timeout(connect=10, read=60)


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
