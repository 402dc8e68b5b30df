"""A registry of images on loopback: of the OCI distribution specification what asking for a manifest takes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "for-anybody"


@dataclass
class Registry:
    host: str = ""
    manifests: set[str] = field(default_factory=set)
    """``repository@digest``."""
    wants_token: bool = False
    gives_tokens: bool = True
    token_answer: bytes = json.dumps({"token": TOKEN}).encode()
    asked: list[str] = field(default_factory=list)

    def push(self, repository: str, digest: str) -> str:
        """The image's name."""
        self.manifests.add(f"{repository}@{digest}")
        return f"{self.host}/{repository}@{digest}"


@contextmanager
def registry_of_tests() -> Iterator[Registry]:
    registry = Registry()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(registry))
    registry.host = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield registry
    finally:
        server.shutdown()
        server.server_close()


def _handler(registry: Registry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            registry.asked.append(self.path)
            repository, _, digest = self.path.removeprefix("/v2/").partition("/manifests/")
            if registry.wants_token and self.headers.get("Authorization") != f"Bearer {TOKEN}":
                challenge = (
                    f'Bearer realm="http://{registry.host}/token",service="tests",scope="repository:{repository}:pull"'
                )
                self._answer(401, {"WWW-Authenticate": challenge if registry.gives_tokens else "Basic"})
            elif "index" not in self.headers.get("Accept", ""):
                self._answer(406)
            else:
                self._answer(200 if f"{repository}@{digest}" in registry.manifests else 404)

        def do_GET(self) -> None:
            self._answer(200, body=registry.token_answer if "service=tests" in self.path else b"{}")

        def _answer(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | (headers or {})).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler
