"""A small Kubernetes API server in memory: real HTTP on loopback, a clock of its own, faults on demand.

It holds the kinds that covid-ctl touches, with the semantics a client can notice: resource versions and
generation, selectors, paging, server-side apply and merge patch, strict fields, finalizers and propagation,
watches with bookmarks, access by token and by denial. Time stands still until ``advance``.
"""

from __future__ import annotations

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.api_server.job_controller import JobController
from tests.api_server.store import Object, Refusal, Store
from tests.api_server.writing import Owners, apply, check_fields, check_job, merge_patch, note_update

_PATH = re.compile(
    r"/(?:api/v1|apis/(?P<group>[^/]+)/[^/]+)(?:/namespaces/(?P<namespace>[^/]+)(?=/))?"
    r"/(?P<resource>[a-z]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>[a-z]+))?$"
)
_RESOURCES = {
    "": {"pods", "events", "configmaps", "serviceaccounts", "resourcequotas", "limitranges", "namespaces", "nodes"},
    "batch": {"jobs"},
    "coordination.k8s.io": {"leases"},
    "authorization.k8s.io": {"selfsubjectaccessreviews"},
}
_CLUSTER_WIDE = ("namespaces", "nodes", "selfsubjectaccessreviews")
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
    """An answer given instead of the real one, ``times`` times."""

    method: str
    path_part: str
    status: int
    message: str = "injected"
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1


@dataclass(frozen=True)
class Target:
    group: str
    namespace: str
    resource: str
    name: str
    sub: str


class ApiServer:
    """Start it with ``with``; ``kubeconfig`` writes a file that leads to it."""

    def __init__(self, *, bookmark_seconds: float = 30.0) -> None:
        self.now = START
        self.store = Store(lambda: self.now)
        self.jobs = JobController(self.store)
        self.faults: list[Fault] = []
        self.stream_faults: list[StreamFault] = []
        self.denied: set[tuple[str, str]] = set()
        """Verb and resource."""
        self.requests: list[str] = []
        """Method and path with query, of every request."""
        self.bookmark_seconds = bookmark_seconds
        self.owners: dict[str, Owners] = {}
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

    def respond(self, method: str, url: str, content_type: str, body: bytes) -> tuple[int, Object]:
        parts = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/version":
            return 200, {"major": "1", "minor": "34+", "gitVersion": "v1.34.0-test"}
        target = self._target(parts.path)
        verb = {"GET": "get" if target.name else "list", "POST": "create", "PUT": "update"}.get(method, method.lower())
        self._authorize(verb, target)
        given = json.loads(body) if body else {}
        with self.store.changed:
            match method:
                case "GET" if target.name:
                    return 200, self.store.get(target.resource, target.namespace, target.name)
                case "GET":
                    return 200, self._list(target, query)
                case "POST":
                    return 201, self._create(target, given, query)
                case "PATCH" | "PUT":
                    return 200, self._change(target, given, query, content_type if method == "PATCH" else "")
                case "DELETE":
                    return 200, self._delete(target, given | query)
        raise Refusal(405, "MethodNotAllowed", method)

    def _target(self, path: str) -> Target:
        found = _PATH.match(unquote(path))
        group, resource = (found["group"] or "", found["resource"]) if found else ("", "")
        if not found or resource not in _RESOURCES.get(group, ()):
            raise Refusal(404, "NotFound", "the server could not find the requested resource")
        namespace = "" if resource in _CLUSTER_WIDE else found["namespace"] or ""
        return Target(group, namespace, resource, found["name"] or "", found["sub"] or "")

    def _authorize(self, verb: str, target: Target) -> None:
        if (verb, target.resource) in self.denied:
            what = f'cannot {verb} resource "{target.resource}" in API group "{target.group}"'
            thing = f"{target.resource}.{target.group}".rstrip(".")
            raise Refusal(
                403, "Forbidden", f'{thing} is forbidden: User "tester" {what} in the namespace "{target.namespace}"'
            )

    def _list(self, target: Target, query: dict[str, str]) -> Object:
        version, after = str(self.store.version), ""
        if token := query.get("continue"):
            version, after = json.loads(base64.b64decode(token))
            if int(version) < self.store.oldest:
                raise Refusal(410, "Expired", "The provided continue parameter is too old to display a consistent list")
        wanted = [item for item in self.store.all(target.resource, target.namespace) if selected(item, query)]
        wanted = [item for item in wanted if item["metadata"]["name"] > after]
        limit = int(query.get("limit", "0")) or len(wanted)
        meta = {"resourceVersion": version}
        if len(wanted) > limit:
            meta["continue"] = base64.b64encode(
                json.dumps([version, wanted[limit - 1]["metadata"]["name"]]).encode()
            ).decode()
        return {"metadata": meta, "items": wanted[:limit]}

    def _create(self, target: Target, given: Object, query: dict[str, str]) -> Object:
        if target.resource == "selfsubjectaccessreviews":
            wanted = given["spec"]["resourceAttributes"]
            return given | {"status": {"allowed": (wanted["verb"], wanted["resource"]) not in self.denied}}
        if target.sub == "eviction":
            pod = self.store.get("pods", target.namespace, target.name)
            pod["status"].setdefault("conditions", []).append(
                {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI"}
            )
            self.store.update("pods", target.namespace, pod)
            return self.store.delete("pods", target.namespace, target.name)
        self._namespace_exists(target)
        if target.resource == "jobs":
            check_fields(given, applied=False)
            given = _defaulted(given)
            check_job(given, None)
        if query.get("dryRun"):
            return given
        made = self.store.create(target.resource, target.namespace, given)
        owners = self.owners.setdefault(made["metadata"]["uid"], {})
        note_update({"metadata": {}}, made, owners, query.get("fieldManager", "client"))
        return made

    def _change(self, target: Target, given: Object, query: dict[str, str], content_type: str) -> Object:
        old = self.store.find(target.resource, target.namespace, target.name)
        applying = content_type == "application/apply-patch+yaml"
        manager = query.get("fieldManager", "client")
        if target.resource == "jobs" and applying:
            check_fields(given, applied=True)
        if old is None:
            if not applying:
                return self.store.get(target.resource, target.namespace, target.name)
            self._namespace_exists(target)
            made = _defaulted(given) if target.resource == "jobs" else given
            if target.resource == "jobs":
                check_job(made, None)
            if query.get("dryRun"):
                return made
            made = self.store.create(target.resource, target.namespace, made)
            apply({"metadata": {}}, given, self.owners.setdefault(made["metadata"]["uid"], {}), manager, force=False)
            return made
        owners = self.owners.setdefault(old["metadata"]["uid"], {})
        if applying:
            new = apply(old, given, owners, manager, query.get("force") == "true")
        elif content_type == "application/merge-patch+json":
            new = merge_patch(old, given)
        elif not content_type:
            new = given
        else:
            raise Refusal(
                415, "UnsupportedMediaType", f"the body of the request was in an unknown format: {content_type}"
            )
        part = "status" if target.sub == "status" else "spec"
        new = {**old, part: new.get(part, {})} | ({"metadata": new["metadata"]} if part == "spec" else {})
        if "spec" not in old and part == "spec":
            new = {**new, **{name: value for name, value in given.items() if name != "status"}}
        if target.resource == "jobs":
            check_job(new, old)
        if not applying:
            note_update(old, new, owners, manager)
        return old if query.get("dryRun") else self.store.update(target.resource, target.namespace, new)

    def _delete(self, target: Target, options: Object) -> Object:
        found = self.store.get(target.resource, target.namespace, target.name)
        if target.resource == "jobs":
            return self.jobs.delete_job(found, options.get("propagationPolicy", "Background"))
        return self.store.delete(target.resource, target.namespace, target.name)

    def _namespace_exists(self, target: Target) -> None:
        if target.namespace and not self.store.find("namespaces", "", target.namespace):
            raise Refusal(404, "NotFound", f'namespaces "{target.namespace}" not found')

    def watch(self, url: str) -> Iterator[Object | bytes]:
        """Events, as objects; bytes where a fault wants them raw. Refuses before the first."""
        parts = urlsplit(url)
        query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        target = self._target(parts.path)
        self._authorize("watch", target)
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


def selected(item: Object, query: dict[str, str]) -> bool:
    labels = item["metadata"].get("labels") or {}
    return all(_holds(term, labels.get) for term in _terms(query, "labelSelector")) and all(
        _holds(term, lambda path: _dig(item, path)) for term in _terms(query, "fieldSelector")
    )


def _terms(query: dict[str, str], name: str) -> list[str]:
    return [term for term in query.get(name, "").split(",") if term]


def _holds(term: str, value: Callable[[str], Any]) -> bool:
    name, operator, wanted = re.fullmatch(r"([^!=]+)(!=|==|=)(.*)", term).groups()  # type: ignore[union-attr]
    return ((value(name) or "") == wanted) is (operator != "!=")


def _dig(item: Any, path: str) -> Any:
    for part in path.split("."):
        item = item.get(part) if isinstance(item, dict) else None
    return item


def _defaulted(job: Object) -> Object:
    spec = {"parallelism": 1, "suspend": False, "completionMode": "NonIndexed", "backoffLimit": 6} | job["spec"]
    return {**job, "spec": spec, "status": {}}


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
                    self._send(*server.respond(self.command, self.path, self.headers.get("Content-Type", ""), body))
            except Refusal as refusal:
                self._send(refusal.code, refusal.body)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def _fault(self) -> None:
            for fault in server.faults:
                if fault.method == self.command and fault.path_part in self.path and fault.times:
                    fault.times -= 1
                    raise _Injected(fault)

        def _log(self) -> None:
            target = server._target(self.path.split("?")[0])
            pod = server.store.get("pods", target.namespace, target.name)
            text = pod["metadata"].get("annotations", {}).get("test/log")
            if text is None:
                raise Refusal(400, "BadRequest", f'container "step" in pod "{target.name}" is waiting to start')
            self._stream(iter([text.encode()]))

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

        def log_message(self, *_: object) -> None:
            """Quiet."""

    return Handler


class _Injected(Refusal):
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.status, "Injected", fault.message)
        self.body["_headers"] = dict(fault.headers)
