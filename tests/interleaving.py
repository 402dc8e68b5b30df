"""Every order in which processes can reach a bucket, tried one after the other.

The processes are real code in threads of which one runs at a time. ``Bucket`` stands in for obstore, below
``jobs.store.Store``: before each request it hands the turn to the scheduler. ``every_order`` runs the processes
again and again until no order is left that could differ: two orders differ only where requests of two processes meet
at one object and one of them writes (dynamic partial-order reduction: Flanagan and Godefroid, POPL 2005; sleep sets:
Godefroid, 1996). At a request that was chosen beforehand a process crashes, or the answer is lost after the bucket
has acted, which its store repeats.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from obstore.exceptions import AlreadyExistsError, GenericError

MODIFIED = datetime(2026, 1, 1, tzinfo=UTC)


class Mishap(StrEnum):
    CRASH = "crash before"
    CRASH_AFTER = "crash after"
    LOST = "answer lost"


@dataclass(frozen=True)
class Trouble:
    """What happens at one request of one process."""

    process: str
    request: int
    mishap: Mishap


class Crash(BaseException):
    """The process is gone: nothing of it runs any more, not even what cleans up."""


@dataclass(frozen=True)
class Request:
    path: str
    writes: bool
    listing: bool = False

    def meets(self, other: Request) -> bool:
        """Whether the order of the two matters."""
        if not (self.writes or other.writes):
            return False
        if self.listing or other.listing:
            listed, written = (self, other) if self.listing else (other, self)
            return written.path.startswith(f"{listed.path}/")
        return self.path == other.path


@dataclass
class Process:
    name: str
    run: Callable[[], object]
    parent: int | None
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    yielded: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    pending: Request | None = None
    """The request that it is about to make; None when it has ended."""
    requests: int = 0
    crashed: bool = False
    error: Exception | None = None


@dataclass
class _Node:
    """A moment in an order: who could go on, who did, and who is still to be tried."""

    pending: dict[int, Request]
    """The next request of each process that could go on."""
    asleep: dict[int, Request]
    """Those whose turn here would lead to what was tried already."""
    chosen: int
    to_try: set[int]
    tried: set[int] = field(default_factory=set)

    def asleep_after(self) -> dict[int, Request]:
        made = self.pending[self.chosen]
        drowsy = self.asleep | {process: self.pending[process] for process in self.tried if process != self.chosen}
        return {process: request for process, request in drowsy.items() if not request.meets(made)}


class Bucket:
    """In memory, with the part of obstore's interface that ``Store`` calls. One execution's processes run on it."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.processes: list[Process] = []
        self.trouble = trouble
        self.check: Callable[[], None] = lambda: None
        """Called after each change, by nobody's turn."""
        self._current: int | None = None
        self._aside = False

    # Processes

    def spawn(self, name: str, run: Callable[[], object]) -> None:
        """Begin a process; it reaches its first request before anybody else goes on."""
        process = Process(name, run, self._current)
        self.processes.append(process)
        number = len(self.processes) - 1

        def body() -> None:
            process.go.acquire()
            try:
                run()
            except Crash:
                pass
            except Exception as error:
                process.error = error
            process.pending = None
            process.yielded.release()

        threading.Thread(target=body, daemon=True).start()
        before, self._current = self._current, number
        process.go.release()
        process.yielded.acquire()
        self._current = before

    def execute(self, stack: list[_Node]) -> bool:
        """Run all processes to their ends: as ``stack`` says, then whoever ran last goes on, which is added to it.

        False, and broken off, when every end from here was seen before.
        """
        at = last = 0
        while pending := {number: p.pending for number, p in enumerate(self.processes) if p.pending}:
            if at == len(stack):
                asleep = stack[-1].asleep_after() if stack else {}
                awake = [number for number in pending if number not in asleep]
                if not awake:
                    self._break_off()
                    return False
                chosen = last if last in awake else awake[0]
                stack.append(_Node(pending, asleep, chosen, {chosen}))
            last = stack[at].chosen
            self._turn(last)
            if pending[last].writes:
                self.check()
            at += 1
        return True

    def _turn(self, number: int) -> None:
        process = self.processes[number]
        self._current = number
        process.go.release()
        process.yielded.acquire()
        self._current = None

    def _break_off(self) -> None:
        for number, process in enumerate(self.processes):
            process.crashed = True
            while process.pending:
                self._turn(number)

    def aside(self, call: Callable[[], Any]) -> Any:
        """A call that sees the bucket as it is now and takes nobody's turn."""
        self._aside = True
        try:
            return call()
        finally:
            self._aside = False

    def _request(self, request: Request, act: Callable[[], Any]) -> Any:
        if self._aside or self._current is None:
            return act()
        process = self.processes[self._current]
        if process.crashed:
            raise Crash
        process.pending = request
        process.yielded.release()
        process.go.acquire()
        if process.crashed:
            raise Crash
        at = self.trouble if self.trouble == Trouble(process.name, process.requests, self._mishap()) else None
        process.requests += 1
        if at and at.mishap is Mishap.CRASH:
            process.crashed = True
            raise Crash
        try:
            answer = act()
        finally:
            if at and at.mishap is Mishap.CRASH_AFTER:
                process.crashed = True
                raise Crash
        if at:
            raise GenericError("Generic GCS error: error sending request")
        return answer

    def _mishap(self) -> Mishap:
        return self.trouble.mishap if self.trouble else Mishap.CRASH

    # What Store calls

    def put(self, _: object, path: str, data: Any, *, mode: str = "overwrite", **_options: object) -> None:
        def act() -> None:
            if mode == "create" and path in self.objects:
                raise AlreadyExistsError(path)
            self.objects[path] = data if isinstance(data, bytes) else b"".join(data)

        self._request(Request(path, writes=True), act)

    def copy(self, _: object, source: str, path: str, *, overwrite: bool) -> None:
        def act() -> None:
            if path in self.objects and not overwrite:
                raise AlreadyExistsError(path)
            self.objects[path] = self._find(source)

        self._request(Request(path, writes=True), act)

    def delete(self, _: object, path: str) -> None:
        self._request(Request(path, writes=True), lambda: self.objects.pop(path, None))

    def get(self, _: object, path: str) -> _Found:
        return _Found(self._request(Request(path, writes=False), lambda: self._find(path)))

    def get_range(self, _: object, path: str, *, start: int, length: int) -> bytes:
        data: bytes = self._request(Request(path, writes=False), lambda: self._find(path))
        return data[start : start + length]

    def head(self, _: object, path: str) -> dict[str, Any]:
        self._request(Request(path, writes=False), lambda: self._find(path))
        return self._meta(path)

    def list(self, _: object, prefix: str | None, **_options: object) -> list[list[dict[str, Any]]]:
        return [[self._meta(path) for path in self._below(prefix or "")]]

    def list_with_delimiter(self, _: object, prefix: str | None) -> dict[str, Any]:
        found = self._below(prefix or "")
        rest = {path: path.removeprefix(f"{prefix}/") if prefix else path for path in found}
        folders = {path[: len(path) - len(name) + name.index("/")] for path, name in rest.items() if "/" in name}
        return {
            "objects": [self._meta(path) for path, name in rest.items() if "/" not in name],
            "common_prefixes": sorted(folders),
        }

    def _below(self, prefix: str) -> Sequence[str]:
        def act() -> Sequence[str]:
            return sorted(path for path in self.objects if not prefix or path.startswith(f"{prefix}/"))

        found: Sequence[str] = self._request(Request(prefix, writes=False, listing=True), act)
        return found

    def _meta(self, path: str) -> dict[str, Any]:
        return {"path": path, "last_modified": MODIFIED, **_Found(self.objects.get(path, b"")).meta}

    def _find(self, path: str) -> bytes:
        if path not in self.objects:
            raise FileNotFoundError(path)
        return self.objects[path]


@dataclass(frozen=True)
class _Found:
    data: bytes

    @property
    def meta(self) -> dict[str, Any]:
        return {"size": len(self.data), "e_tag": hashlib.md5(self.data).hexdigest()}

    def bytes(self) -> bytes:
        return self.data


def every_order(begin: Callable[[], Bucket], most: int | None = None) -> Iterator[Bucket]:
    """The bucket at the end of each execution, of which there are at most ``most``.

    ``begin`` makes a bucket anew, with its processes at their first request.
    """
    stack: list[_Node] = []
    count = 0
    while most is None or count < most:
        bucket = begin()
        if bucket.execute(stack):
            count += 1
            yield bucket
        _branch(stack, [process.parent for process in bucket.processes])
        while stack:
            node = stack[-1]
            node.tried.add(node.chosen)
            if left := node.to_try - node.tried - node.asleep.keys():
                node.chosen = min(left)
                break
            stack.pop()
        else:
            return


def _branch(stack: Sequence[_Node], parents: Sequence[int | None]) -> None:
    """Note where another process could have gone first: at the last request that meets a later one unordered."""
    trace = [(node.chosen, node.pending[node.chosen]) for node in stack]
    clocks: list[dict[int, int]] = []
    """For each request, how many of each process's requests happened before it, itself included."""
    latest: dict[int, dict[int, int]] = {}
    for later, (process, request) in enumerate(trace):
        if process not in latest:
            parent = parents[process]
            latest[process] = dict(latest.get(parent, {})) if parent is not None else {}
        clock = latest[process]
        branched = False
        for earlier in range(later - 1, -1, -1):
            other, before = trace[earlier]
            if other == process or not before.meets(request):
                continue
            number = clocks[earlier][other]
            if not branched and clock.get(other, 0) < number:
                branched = True
                node = stack[earlier]
                node.to_try |= {process} if process in node.pending else set(node.pending)
            clock = {p: max(clock.get(p, 0), clocks[earlier].get(p, 0)) for p in clock.keys() | clocks[earlier].keys()}
        clock = {**clock, process: clock.get(process, 0) + 1}
        clocks.append(clock)
        latest[process] = clock
