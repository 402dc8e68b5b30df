"""Lists a collection, then watches it for ever, and yields its changes as reduced objects.

The official library's ``Watch`` takes a 410 for the end; this loop follows what Kubernetes' API concepts
("efficient detection of changes") ask of a client. Bookmarks carry the version forward; when the server has
forgotten it the collection is listed again and what vanished meanwhile is reported as deleted; a stream
that stays silent, dribbles or breaks is opened again where it stopped.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, TypeVar

from controller.kube.api import Api, Query, Stream
from controller.kube.api_errors import (
    ApiError,
    ExpiredError,
    ForbiddenError,
    OverloadedError,
    UnreachableError,
    api_error,
)
from controller.kube.backoff import Retrying
from controller.kube.kubectl import CLUSTER_INFO
from jobs.json_text import from_json

WINDOW_SECONDS = 300
"""How long the server is asked to keep one stream open."""
IDLE_SECONDS = 90.0
"""API servers send a bookmark about every minute: this long without a whole event means a dead stream."""
SHORT_SECONDS = 1.0
OUTAGE_SECONDS = 3.0
REFUSALS = 3
"""Refusals in a row of what was allowed before: a server that has just started refuses for a moment what its
authorizer has not read yet (seen with kube-apiserver 1.36 and RBAC)."""

T = TypeVar("T")


class ChangeType(StrEnum):
    ADDED = "ADDED"
    MODIFIED = "MODIFIED"
    DELETED = "DELETED"
    LISTED = "LISTED"
    """All that existed has been reported. Comes after every listing, without an object."""


@dataclass(frozen=True)
class Change(Generic[T]):
    type: ChangeType
    object: T | None = None
    """Absent only from ``LISTED``. Of a deletion: the last that was known."""


@dataclass
class _Known(Generic[T]):
    uid: str
    version: str
    object: T


class Watch(Generic[T]):
    """Iterate for changes; it ends after ``stop()`` and by what waiting does not mend: 401, 404, a 403 that stays.

    ``reduce`` gets each object as the API's dict. Objects of equal name and another uid are told apart.
    """

    def __init__(
        self,
        api: Api,
        path: str,
        reduce: Callable[[Mapping[str, Any]], T],
        *,
        query: Query | None = None,
        retrying: Retrying | None = None,
        idle_seconds: float = IDLE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._path = path
        self._reduce = reduce
        self._query = dict(query or {})
        self._stopped = threading.Event()
        self._retrying = retrying or Retrying(sleep=self._stopped.wait)
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._known: dict[str, _Known[T]] = {}
        self._version: str | None = None
        self._stream: Stream | None = None
        self._failing: tuple[float, ApiError] | None = None

    def outage(self) -> str:
        """Why the server has not been reached for ``OUTAGE_SECONDS``; empty while it is, or for a moment's break."""
        failing = self._failing
        if failing is None or self._clock() - failing[0] < OUTAGE_SECONDS:
            return ""
        return f"{failing[1].thing}: {failing[1].reason}"

    def stop(self) -> None:
        """End the watch. May be called from any thread."""
        self._stopped.set()
        if stream := self._stream:
            stream.stop()

    def __iter__(self) -> Iterator[Change[T]]:
        failures = refusals = 0
        listed = False
        while not self._stopped.is_set():
            retry_after = None
            try:
                if self._version is None:
                    yield from self._list()
                    self._failing = None
                    yield Change(ChangeType.LISTED)
                    listed = True
                opened = self._clock()
                for change in self._watch():
                    failures = refusals = 0
                    yield change
                refusals = 0
                # A server that closes at once, again and again, would have us spin.
                failures = failures + 1 if self._clock() - opened < SHORT_SECONDS else 0
            except ExpiredError:
                self._version = None
                failures += 1
                if failures == 1:
                    continue
            except ForbiddenError:
                refusals += 1
                if not listed or refusals > REFUSALS:
                    raise
                failures += 1
            except (OverloadedError, UnreachableError) as error:
                failures += 1
                self._failing = self._failing or (self._clock(), error)
                retry_after = getattr(error, "retry_after", None)
            if failures and not self._stopped.is_set():
                self._retrying.pause(failures, retry_after)

    def _list(self) -> Iterator[Change[T]]:
        listed: set[str] = set()
        for page in self._api.pages(self._path, **self._query):
            version = page["metadata"]["resourceVersion"]
            for item in page.get("items") or ():
                listed.add(item["metadata"]["name"])
                yield from self._seen(item)
        for name in [name for name in self._known if name not in listed]:
            yield Change(ChangeType.DELETED, self._known.pop(name).object)
        self._version = version

    def _watch(self) -> Iterator[Change[T]]:
        with self._api.stream(
            self._path,
            idle_seconds=self._idle_seconds,
            **self._query,
            watch="true",
            allowWatchBookmarks="true",
            resourceVersion=self._version or "",
            timeoutSeconds=WINDOW_SECONDS,
        ) as self._stream:
            self._failing = None
            if self._stopped.is_set():
                return  # by a ``stop`` that found no stream to end yet
            for line in self._lines(self._stream):
                yield from self._event(self._parse(line))

    def _parse(self, line: bytes) -> Mapping[str, Any]:
        try:
            return dict(from_json(line))
        except (ValueError, TypeError) as error:
            raise UnreachableError(self._path, "the stream is garbled", CLUSTER_INFO) from error

    def _lines(self, stream: Stream) -> Iterator[bytes]:
        heard = self._clock()
        rest = b""
        for chunk in stream.chunks():
            *lines, rest = (rest + chunk).split(b"\n")
            if lines:
                heard = self._clock()
            elif self._clock() - heard > self._idle_seconds:
                raise UnreachableError(self._path, "the stream only dribbles", CLUSTER_INFO)
            yield from filter(None, lines)
            if self._stopped.is_set():
                return

    def _event(self, event: Mapping[str, Any]) -> Iterator[Change[T]]:
        item = event["object"]
        if event["type"] == "ERROR":
            body = json.dumps(item).encode()
            raise api_error(item.get("code") or 500, body, thing=self._path, namespace=self._api.namespace)
        if event["type"] == ChangeType.DELETED:
            self._known.pop(item["metadata"]["name"], None)
            yield Change(ChangeType.DELETED, self._reduce(item))
        elif event["type"] != "BOOKMARK":
            yield from self._seen(item)
        self._version = item["metadata"]["resourceVersion"]

    def _seen(self, item: Mapping[str, Any]) -> Iterator[Change[T]]:
        meta = item["metadata"]
        known = self._known.get(meta["name"])
        if known and (known.uid, known.version) == (meta["uid"], meta["resourceVersion"]):
            return
        if known and known.uid != meta["uid"]:
            yield Change(ChangeType.DELETED, known.object)
            known = None
        found = self._reduce(item)
        self._known[meta["name"]] = _Known(meta["uid"], meta["resourceVersion"], found)
        yield Change(ChangeType.MODIFIED if known else ChangeType.ADDED, found)
