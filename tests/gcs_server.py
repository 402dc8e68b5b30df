"""A bucket server for tests: of Cloud Storage's XML API what obstore uses, with real preconditions and faults to order.

Written against https://cloud.google.com/storage/docs/xml-api: objects with generations, ``x-goog-if-generation-match``,
ranges, listings by prefix and delimiter in pages (``list-type=2``), multipart uploads.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import signal
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import NoReturn
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

PAGE = 1000
OUTAGES = "outages"
"""Name of a bucket; see ``play_outages``."""
MODIFIED = "2026-01-01T00:00:00.000Z"
HTTP_MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT"


@dataclass(frozen=True)
class Fault:
    """Answers a request instead of the bucket."""

    status: int
    method: str = ""
    """Empty, any."""
    path: str = ""
    """A regular expression that the object's name must match; empty, any."""
    times: int = 1_000_000
    truncated: bool = False
    """Send half of the true answer and break off, in place of ``status``."""
    reset: bool = False
    """Do nothing and close the connection without an answer."""
    lost: bool = False
    """Do what is asked and close the connection without an answer."""
    hangs: bool = False
    """Do nothing and say nothing, until the server heals or ends."""

    def is_for(self, method: str, path: str) -> bool:
        return self.method in ("", method) and bool(re.search(self.path, path))


class Objects(dict[str, tuple[bytes, int]]):
    """The objects of a bucket by name, each with its generation."""

    def __init__(self) -> None:
        super().__init__()
        self._names: list[str] | None = None

    def __setitem__(self, name: str, value: tuple[bytes, int]) -> None:
        self._names = self._names if name in self else None
        super().__setitem__(name, value)

    def remove(self, name: str) -> bool:
        """Whether it was there."""
        self._names = None
        return self.pop(name, None) is not None

    def names(self) -> list[str]:
        """Sorted; kept between two changes, since a listing takes many requests."""
        if self._names is None or len(self._names) != len(self):
            self._names = sorted(self)
        return self._names


@dataclass
class GcsServer:
    """Buckets in memory; safe for several clients at once."""

    buckets: dict[str, Objects] = field(default_factory=dict)
    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)
    """Method and path of all so far."""
    sent: int = 0
    """Bytes of objects, in answers so far."""
    page: int = PAGE
    latency: float = 0.0
    """Seconds that every request takes."""
    location: str = "US-CENTRAL1"
    preconditions: bool = True
    """Whether they are honoured, as other servers of this API do not."""
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)
    healed: threading.Event = field(default_factory=threading.Event)
    _faults: list[list[object]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def fail(self, fault: Fault) -> None:
        self.healed.clear()
        self._faults.append([fault, fault.times])

    def heal(self) -> None:
        self._faults.clear()
        self.healed.set()

    def fault(self, method: str, path: str) -> Fault | None:
        for entry in self._faults:
            fault, left = entry
            assert isinstance(fault, Fault)
            assert isinstance(left, int)
            if left > 0 and fault.is_for(method, path):
                entry[1] = left - 1
                return fault
        return None

    def put(self, bucket: str, name: str, data: bytes, only_if: str | None) -> int | None:
        """The new generation; None where the precondition does not hold."""
        objects = self.buckets[bucket]
        current = objects[name][1] if name in objects else 0
        if self.preconditions and only_if is not None and int(only_if) != current:
            return None
        generation = next(self._numbers)
        objects[name] = (data, generation)
        return generation


@contextmanager
def serve(*buckets: str, host: str = "127.0.0.1", port: int = 0) -> Iterator[GcsServer]:
    """Runs until the block ends; by default on a free port that this machine alone can reach."""
    state = GcsServer({bucket: Objects() for bucket in buckets})
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer((host, port), handler)
    server.daemon_threads = True
    state.url = f"http://{host}:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        state.heal()
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # head and body in one packet: apart, each answer would wait for an acknowledgement
    state: GcsServer
    _silent = False

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_PUT = do_POST = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        parts = urlsplit(self.path)
        bucket, _, name = unquote(parts.path).lstrip("/").partition("/")
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        with self.state.lock:
            self.state.requests.append((self.command, self.path))
            fault = self.state.fault(self.command, name)
        time.sleep(self.state.latency)
        if fault and fault.hangs:
            self.state.healed.wait()
        if fault and (fault.hangs or fault.reset):
            self.close_connection = True
            return None
        with self.state.lock:
            self._silent = bool(fault and fault.lost)
            if fault and not (fault.truncated or fault.lost):
                return self._error(fault.status, "Injected")
            if asked := re.fullmatch(r"storage/v1/b/([^/]+)", f"{bucket}/{name}"):  # the JSON API's, of a bucket itself
                return self._describe(asked[1])
            if bucket not in self.state.buckets:
                return self._error(404, "NoSuchBucket")
            match self.command:
                case "GET" | "HEAD" if name:
                    return self._get(bucket, name, truncated=bool(fault and fault.truncated))
                case "GET":
                    return self._list(bucket, query)
                case "PUT" if "partNumber" in query:
                    self.state.uploads[query["uploadId"]][int(query["partNumber"])] = body
                    return self._send(200, headers={"ETag": f'"{hashlib.md5(body).hexdigest()}"'})
                case "PUT" if source := self.headers.get("x-goog-copy-source"):
                    return self._copy(bucket, name, unquote(source))
                case "PUT":
                    return self._put(bucket, name, body)
                case "POST" if "uploads" in query:
                    upload = f"upload-{len(self.state.uploads)}"
                    self.state.uploads[upload] = {}
                    return self._xml("InitiateMultipartUploadResult", f"<UploadId>{upload}</UploadId>")
                case "POST":
                    return self._complete(bucket, name, query["uploadId"], body)
                case "DELETE" if "uploadId" in query:
                    self.state.uploads.pop(query["uploadId"], None)
                    return self._send(204)
                case "DELETE":
                    return self._send(204) if self.state.buckets[bucket].remove(name) else self._no_such_key()
        return self._error(405, "MethodNotAllowed")

    def _describe(self, bucket: str) -> None:
        if bucket not in self.state.buckets:
            return self._error(404, "NoSuchBucket")
        return self._send(200, json.dumps({"location": self.state.location}).encode())

    def _get(self, bucket: str, name: str, *, truncated: bool) -> None:
        found = self.state.buckets[bucket].get(name)
        if found is None:
            return self._no_such_key()
        data, generation = found
        status, first, last = 200, 0, len(data) - 1
        headers = {"ETag": f'"{generation}"', "Last-Modified": HTTP_MODIFIED, "x-goog-generation": str(generation)}
        if wanted := re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("range", "")):
            start, end = wanted.groups()
            first = int(start) if start else max(0, len(data) - int(end))
            last = min(last, int(end)) if start and end else last
            if first > last:
                return self._error(416, "InvalidRange")
            status, headers["Content-Range"] = 206, f"bytes {first}-{last}/{len(data)}"
        self.state.sent += last + 1 - first if self.command == "GET" else 0
        return self._send(status, data[first : last + 1], headers, truncated=truncated)

    def _put(self, bucket: str, name: str, body: bytes) -> None:
        generation = self.state.put(bucket, name, body, self.headers.get("x-goog-if-generation-match"))
        if generation is None:
            return self._error(412, "PreconditionFailed")
        return self._send(200, headers={"ETag": f'"{generation}"', "x-goog-generation": str(generation)})

    def _copy(self, bucket: str, name: str, source: str) -> None:
        from_bucket, _, from_name = source.lstrip("/").partition("/")
        found = self.state.buckets[from_bucket].get(from_name)
        if found is None:
            return self._no_such_key()
        if self.state.put(bucket, name, found[0], self.headers.get("x-goog-if-generation-match")) is None:
            return self._error(412, "PreconditionFailed")
        return self._xml("CopyObjectResult", f"<LastModified>{MODIFIED}</LastModified>")

    def _complete(self, bucket: str, name: str, upload: str, body: bytes) -> None:
        parts = self.state.uploads.pop(upload)
        numbers = [int(element.text or "") for element in ElementTree.fromstring(body).iter() if _is(element)]
        data = b"".join(parts[number] for number in numbers)
        generation = self.state.put(bucket, name, data, self.headers.get("x-goog-if-generation-match"))
        if generation is None:
            return self._error(412, "PreconditionFailed")
        return self._xml("CompleteMultipartUploadResult", f"<ETag>{generation}</ETag>")

    def _list(self, bucket: str, query: dict[str, str]) -> None:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = base64.urlsafe_b64decode(query.get("continuation-token", "")).decode()
        objects = self.state.buckets[bucket]
        names = objects.names()
        at = bisect_right(names, after) if after > prefix else bisect_left(names, prefix)
        entries: list[str] = []
        last = ""
        while at < len(names) and names[at].startswith(prefix) and len(entries) < self.state.page:
            name = names[at]
            head, found, _ = name[len(prefix) :].partition(delimiter) if delimiter else (name, "", "")
            if found:
                folder = f"{prefix}{head}{delimiter}"
                entries.append(f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>")
                last = f"{folder}\U0010ffff"
                at = bisect_right(names, last)
            else:
                data, generation = objects[name]
                entries.append(
                    f"<Contents><Key>{escape(name)}</Key><LastModified>{MODIFIED}</LastModified>"
                    f"<ETag>&quot;{generation}&quot;</ETag><Size>{len(data)}</Size></Contents>"
                )
                last, at = name, at + 1
        more = ""
        if at < len(names) and names[at].startswith(prefix):
            token = base64.urlsafe_b64encode(last.encode()).decode()
            more = f"<NextContinuationToken>{token}</NextContinuationToken>"
        return self._xml("ListBucketResult", "".join(entries) + more)

    def _no_such_key(self) -> None:
        self._error(404, "NoSuchKey")

    def _error(self, status: int, code: str) -> None:
        self._send(status, f"<Error><Code>{code}</Code></Error>".encode())

    def _xml(self, root: str, content: str) -> None:
        self._send(200, f'<?xml version="1.0" encoding="UTF-8"?><{root}>{content}</{root}>'.encode())

    def _send(
        self, status: int, body: bytes = b"", headers: dict[str, str] | None = None, *, truncated: bool = False
    ) -> None:
        if self._silent:
            self.close_connection = True
            return
        self.send_response(status)
        for header, value in (headers or {}).items():
            self.send_header(header, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if truncated else body)
        self.wfile.flush()
        if truncated:
            self.close_connection = True


def _is(element: ElementTree.Element) -> bool:
    return element.tag.rpartition("}")[2] == "PartNumber"


def play_outages(state: GcsServer) -> NoReturn:
    """An object ``next`` in the bucket ``OUTAGES`` says for how many seconds nothing is answered from now on."""
    while True:
        time.sleep(0.1)
        with state.lock:
            seconds, _ = state.buckets[OUTAGES].pop("next", (b"", 0))
        if seconds:
            state.fail(Fault(503))
            time.sleep(float(seconds))
            state.heal()


if __name__ == "__main__":  # HOST PORT BUCKET...
    _host, _port, *_buckets = sys.argv[1:]
    with serve(*_buckets, OUTAGES, host=_host, port=int(_port)) as _state:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())  # the first process of a container has no other end
        play_outages(_state)
