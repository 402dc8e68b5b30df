"""A small Kubernetes API server in memory: real HTTP on loopback, a clock of its own, faults on demand.

It holds the kinds that covid-ctl touches, with the semantics a client can notice: resource versions and
generation, selectors, paging, server-side apply and merge patch, strict fields, finalizers and propagation,
watches with bookmarks, access by token and by denial. Time stands still until ``advance``.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.api_server.job_controller import JobController
from tests.api_server.resources import Resources, Target, selected
from tests.api_server.store import Object, Refusal, Store

TOKEN = "the-test-token"
CUT = b'{"type": "MODIFIED", "obj'
START = 1_800_000_000.0


class StreamFault(Enum):
    """What becomes of the next stream after its first event or bookmark."""

    BROKEN = "half an event, then the connection is cut"
    DRIBBLE = "bytes that never make a line"
    GARBLED = "a line that is not JSON"
    GONE = "an ERROR event of code 410"
    UNAVAILABLE = "an ERROR event of code 503"


@dataclass
class Fault:
    """An answer given instead of the real one, ``times`` times; with status 0 the connection is cut instead."""

    method: str
    path_part: str
    status: int
    message: str = "injected"
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1


class ApiServer:
    """Start it with ``with``; ``kubeconfig`` writes a file that leads to it."""

    def __init__(self, *, bookmark_seconds: float = 30.0) -> None:
        self.now = START
        self.store = Store(lambda: self.now)
        self.jobs = JobController(self.store)
        self.faults: list[Fault] = []
        self.stream_faults: list[StreamFault] = []
        self.resources = Resources(self.store, self.jobs)
        self.denied = self.resources.denied
        """Verb and resource, as in ``("get", "jobs")``."""
        self.requests: list[str] = []
        """Method and path with query, of every request."""
        self.bookmark_seconds = bookmark_seconds
        self.ahead = 0.0
        """Seconds, of the header ``Date`` before the real clock."""
        self.closing = False
        self._http = _Http(("127.0.0.1", 0), _handler(self))
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.store.create("namespaces", "", {"kind": "Namespace", "metadata": {"name": "default"}})

    def __enter__(self) -> ApiServer:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing = True
        with self.store.changed:
            self.store.changed.notify_all()
        self._http.shutdown()
        self._http.server_close()

    def kubeconfig(self, path: Path, *, token: str = TOKEN, namespace: str = "default") -> Path:
        entry = {"cluster": "test", "user": "test", "namespace": namespace}
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url}}],
            "users": [{"name": "test", "user": {"token": token}}],
            "contexts": [{"name": "test", "context": entry}],
        }  # fmt: skip
        path.write_text(json.dumps(config))
        return path

    def advance(self, seconds: float) -> None:
        with self.store.changed:
            self.now += seconds
            self.jobs.settle()

    def watch(self, url: str) -> Iterator[Object | bytes]:
        """Events, as objects; bytes where a fault wants them raw. Refuses before the first."""
        parts = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        target = self.resources.target(parts.path)
        self.resources.authorize("watch", target)
        return self._events(target, query)

    def _events(self, target: Target, query: dict[str, str]) -> Iterator[Object | bytes]:
        version = int(query.get("resourceVersion") or self.store.version)
        ends = time.monotonic() + float(query.get("timeoutSeconds", "300"))  # of the real clock
        while time.monotonic() < ends and not self.closing:
            with self.store.changed:
                try:
                    entries = self.store.since(version, target.resource, target.namespace)
                except Refusal as refusal:
                    yield {"type": "ERROR", "object": refusal.body}
                    return
                silent = not entries and not self.store.changed.wait(self.bookmark_seconds)
                version = entries[-1].version if entries else self.store.version if silent else version
            if silent:
                yield {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(version)}}}
                if self.stream_faults:
                    yield from self._broken(self.stream_faults.pop(0))
                    return
            for entry in entries:
                if selected(entry.object, query):
                    yield {"type": entry.type, "object": entry.object}
                    if self.stream_faults:
                        yield from self._broken(self.stream_faults.pop(0))
                        return

    def _broken(self, fault: StreamFault) -> Iterator[Object | bytes]:
        status = {"kind": "Status", "status": "Failure"}
        match fault:
            case StreamFault.BROKEN:
                yield CUT
            case StreamFault.GARBLED:
                yield b"<html>\n"
            case StreamFault.GONE:
                yield {"type": "ERROR", "object": status | {"code": 410, "reason": "Expired", "message": "too old"}}
            case StreamFault.UNAVAILABLE:
                yield {"type": "ERROR", "object": status | {"code": 503, "message": "etcd has no leader"}}
            case StreamFault.DRIBBLE:
                while not self.closing:
                    yield b" "
                    time.sleep(0.01)


class _Http(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that left is none of the server's business; what the server does wrong, the client sees."""


def _handler(server: ApiServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer()

        do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            server.requests.append(f"{self.command} {self.path}")
            try:
                self._fault()
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    raise Refusal(401, "Unauthorized", "Unauthorized")
                if "watch=true" in self.path:
                    self._stream(server.watch(self.path))
                elif self.path.split("?")[0].endswith("/log"):
                    self._log()
                else:
                    self._send(
                        *server.resources.respond(self.command, self.path, self.headers.get("Content-Type", ""), body)
                    )
            except Refusal as refusal:
                self._send(refusal.code, refusal.body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _fault(self) -> None:
            for fault in server.faults:
                if fault.method == self.command and fault.path_part in self.path and fault.times:
                    fault.times -= 1
                    raise _Injected(fault) if fault.status else ConnectionResetError

        def _log(self) -> None:
            target = server.resources.target(self.path.split("?")[0])
            pod = server.store.get("pods", target.namespace, target.name)
            text = pod["metadata"].get("annotations", {}).get("test/log")
            if text is None:
                raise Refusal(400, "BadRequest", f'container "step" in pod "{target.name}" is waiting to start')
            lines = text.encode().splitlines(keepends=True)
            (tail,) = parse_qs(urlsplit(self.path).query).get("tailLines", [str(len(lines))])
            self._stream(iter([b"".join(lines[max(0, len(lines) - int(tail)) :])]))

        def _send(self, status: int, given: Object) -> None:
            headers = given.pop("_headers", {})
            data = json.dumps(given).encode()
            self.send_response(status)
            for name, value in (
                {"Content-Type": "application/json", "Content-Length": str(len(data))} | headers
            ).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _stream(self, parts: Iterator[Object | bytes]) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for part in parts:
                data = part if isinstance(part, bytes) else json.dumps(part).encode() + b"\n"
                self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
                if data == CUT:
                    self.close_connection = True
                    return
            self.wfile.write(b"0\r\n\r\n")

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string((timestamp or time.time()) + server.ahead)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler


class _Injected(Refusal):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.status, "Injected", fault.message)
        self.body["_headers"] = dict(fault.headers)
