"""A Hugging Face Hub of our own, as far as ``huggingface_hub`` needs one to create a repository and to commit to it.

It keeps every commit and every request, and can be told to fail the next requests of a kind.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LARGE = 10_000
"""Bytes from which a file goes by LFS."""
CUT = 0
"""In place of a status: the connection ends in the middle of the request."""


@dataclass
class Commit:
    oid: str
    message: str
    files: dict[str, bytes]


@dataclass
class Repository:
    private: bool
    commits: list[Commit] = field(default_factory=list)

    @property
    def head(self) -> Commit:
        return self.commits[-1]


class Hub:
    """Listens on ``url`` until ``close``."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.repositories: dict[str, Repository] = {}
        self.objects: dict[str, bytes] = {}
        """Large files by SHA-256, committed or not."""
        self.requests: list[str] = []
        self.failures: list[tuple[str, int]] = []
        """A pattern of ``METHOD /path``, and the status of the next request that it matches; each is used once."""
        self._lock = threading.Lock()
        hub = self

        class Handler(_Handler):
            pass

        Handler.hub = hub
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def create(self, name: str, *, private: bool) -> bool:
        """False when it is there."""
        with self._lock:
            if name in self.repositories:
                return False
            repository = self.repositories[name] = Repository(private)
            self._commit(repository, "initial commit", {".gitattributes": b"*.safetensors filter=lfs\n"})
            return True

    def commit(self, repository: Repository, message: str, files: dict[str, bytes]) -> Commit:
        with self._lock:
            return self._commit(repository, message, files)

    def _commit(self, repository: Repository, message: str, files: dict[str, bytes]) -> Commit:
        oid = hashlib.sha1(f"{len(repository.commits)}{message}{sorted(files)}".encode()).hexdigest()
        repository.commits.append(Commit(oid, message, files))
        return repository.head

    def failure_of(self, request: str) -> int | None:
        with self._lock:
            self.requests.append(request)
            for number, (pattern, status) in enumerate(self.failures):
                if re.search(pattern, request):
                    del self.failures[number]
                    return status
        return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        path = self.path.partition("?")[0]
        status = self.hub.failure_of(f"{self.command} {path}")
        if status == CUT:
            self.close_connection = True
            self.connection.close()
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = self._chunks()
        if status is not None:
            self._send(status, {"error": "told to fail"})
        elif path.startswith("/storage/"):
            self._stored(path, body)
        elif self.headers.get("Authorization") not in (f"Bearer {self.hub.token}",):
            self._send(401, {"error": "Invalid credentials"})
        else:
            self._route(path, body)

    def _chunks(self) -> bytes:
        data = b""
        while size := int(self.rfile.readline(), 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _route(self, path: str, body: bytes) -> None:
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}" if asked.get("organization") else asked["name"]
            made = self.hub.create(name, private=bool(asked.get("private") or asked.get("visibility") == "private"))
            url = {"url": f"{self.hub.url}/{name}", "id": name, "name": name}
            self._send(200 if made else 409, url if made else {**url, "error": "You already created this model repo"})
        elif path == "/api/validate-yaml":
            self._send(200, {"errors": [], "warnings": []})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/preupload/[^/]+", path):
            self._send(200, self._preupload(self.hub.repositories[found[1]], json.loads(body)))
        elif found := re.fullmatch(r"/([^/]+/[^/]+)\.git/info/lfs/objects/batch", path):
            self._send(200, self._batch(json.loads(body)))
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/commit/[^/]+", path):
            self._committed(self.hub.repositories[found[1]], found[1], body)
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)/settings", path):
            asked = json.loads(body)
            self.hub.repositories[found[1]].private = bool(asked.get("private", asked.get("visibility") == "private"))
            self._send(200, {})
        elif found := re.fullmatch(r"/api/models/([^/]+/[^/]+)(?:/revision/[^/]+)?", path):
            self._info(found[1])
        elif found := re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path):
            self._resolved(self.hub.repositories[found[1]], found[2], found[3])
        else:
            self._send(404, {"error": f"no such page {path}"})

    def _info(self, name: str) -> None:
        repository = self.hub.repositories.get(name)
        if repository is None:
            self._send(404, {"error": "Repository not found"}, {"X-Error-Code": "RepoNotFound"})
            return
        siblings = [{"rfilename": path} for path in sorted(repository.head.files)]
        self._send(
            200,
            {"id": name, "sha": repository.head.oid, "private": repository.private, "siblings": siblings, "tags": []},
        )

    def _preupload(self, repository: Repository, asked: dict[str, Any]) -> dict[str, Any]:
        def told(file: dict[str, Any]) -> dict[str, Any]:
            mode = "lfs" if file["size"] >= LARGE else "regular"
            there = repository.head.files.get(file["path"])
            oid = {} if there is None else {"oid": _oid(there, mode)}
            return {"path": file["path"], "uploadMode": mode, "shouldIgnore": False, **oid}

        return {"files": [told(file) for file in asked["files"]]}

    def _batch(self, asked: dict[str, Any]) -> dict[str, Any]:
        def told(item: dict[str, Any]) -> dict[str, Any]:
            known = {"oid": item["oid"], "size": item["size"]}
            if item["oid"] in self.hub.objects:
                return known
            return {**known, "actions": {"upload": {"href": f"{self.hub.url}/storage/{item['oid']}"}}}

        return {"transfer": "basic", "objects": [told(item) for item in asked["objects"]]}

    def _stored(self, path: str, body: bytes) -> None:
        oid = path.rpartition("/")[2]
        if hashlib.sha256(body).hexdigest() != oid:
            self._send(400, {"error": "another content than announced"})
            return
        self.hub.objects[oid] = body
        self._send(200, {})

    def _committed(self, repository: Repository, name: str, body: bytes) -> None:
        files, message = dict(repository.head.files), ""
        for line in body.decode().splitlines():
            item = json.loads(line)
            value = item["value"]
            match item["key"]:
                case "header":
                    message = value["summary"]
                case "file":
                    files[value["path"]] = base64.b64decode(value["content"])
                case "lfsFile":
                    files[value["path"]] = self.hub.objects[value["oid"]]
                case "deletedFile":
                    del files[value["path"]]
        commit = self.hub.commit(repository, message, files)
        self._send(200, {"commitUrl": f"{self.hub.url}/{name}/commit/{commit.oid}", "commitOid": commit.oid})

    def _resolved(self, repository: Repository, revision: str, path: str) -> None:
        commit = next((one for one in repository.commits if one.oid == revision), repository.head)
        data = commit.files.get(path)
        if data is None:
            self._send(404, {"error": "Entry not found"}, {"X-Error-Code": "EntryNotFound"})
            return
        headers = {"X-Repo-Commit": commit.oid, "ETag": f'"{_oid(data, "regular")}"'}
        self._send(200, data, headers)

    def _send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _oid(data: bytes, mode: str) -> str:
    """As git and LFS name a file's content."""
    if mode == "lfs":
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
