"""Every order in which processes can reach a bucket, tried one after the other.

The processes are real code in threads of which one runs at a time. ``Bucket`` stands in for obstore, below
``jobs.store.Store``: before each request it hands the turn to the scheduler. ``every_order`` runs the processes
again and again until no order is left that could differ: two orders differ only where requests of two processes meet
and one of them changed what the other saw (dynamic partial-order reduction with source sets: Abdulla, Aronsson,
Jonsson and Sagonas, POPL 2014; sleep sets: Godefroid, 1996). What a request saw and changed is known once it is made:
an object that is created where one was has only been looked at. At a request that was chosen beforehand a process
crashes, or the answer is lost after the bucket has acted, which its store repeats.
"""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from obstore.exceptions import AlreadyExistsError, GenericError

MODIFIED = datetime(2026, 1, 1, tzinfo=UTC)
CHECKED = "what is checked"


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
class Effect:
    """What a request saw of the bucket and what it changed, in names of places: objects, and views of folders."""

    seen: frozenset[str] = frozenset()
    added: frozenset[str] = frozenset()
    """Views in which it changed its own part alone, so that others may have changed theirs in any order."""
    changed: frozenset[str] = frozenset()

    def meets(self, other: Effect) -> bool:
        """Whether the order of the two matters."""
        return not (
            self.changed.isdisjoint(other.changed)
            and self.changed.isdisjoint(other.seen)
            and self.changed.isdisjoint(other.added)
            and other.changed.isdisjoint(self.seen)
            and other.changed.isdisjoint(self.added)
            and self.seen.isdisjoint(other.added)
            and other.seen.isdisjoint(self.added)
        )


@dataclass
class Process:
    name: str
    run: Callable[[], object]
    parent: int | None
    after: int
    """How many of its parent's requests it follows from."""
    go: threading.Lock = field(default_factory=threading.Lock)
    """Held, but for the moment in which the turn goes to the process; ``yielded`` while it goes back."""
    yielded: threading.Lock = field(default_factory=threading.Lock)
    pending: bool = False
    """Whether it is about to make a request; else it has ended."""
    requests: int = 0
    crashed: bool = False
    error: Exception | None = None


@dataclass
class _Node:
    """A moment in an order: who could go on, who did, and who is still to be tried."""

    pending: frozenset[int]
    """The processes that could go on."""
    asleep: dict[int, Effect]
    """Those whose turn here would lead to what was tried already, and what they would do."""
    chosen: int
    to_try: set[int]
    effect: Effect = field(default_factory=Effect)
    """What the chosen one's request does."""
    tried: dict[int, Effect] = field(default_factory=dict)
    clock: dict[int, int] = field(default_factory=dict)
    """How many of each process's requests happened before this one, itself included."""

    def precedes(self, clock: Mapping[int, int]) -> bool:
        """Whether it happened before what has this clock."""
        return clock.get(self.chosen, 0) >= self.clock[self.chosen]

    def asleep_after(self) -> dict[int, Effect]:
        drowsy = {process: effect for process, effect in self.tried.items() if process != self.chosen}
        return {p: effect for p, effect in (self.asleep | drowsy).items() if not effect.meets(self.effect)}


class Bucket:
    """In memory, with the part of obstore's interface that ``Store`` calls. One execution's processes run on it."""

    def __init__(self, trouble: Trouble | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.processes: list[Process] = []
        self.trouble = trouble
        self.check: Callable[[], None] = lambda: None
        """Called after each change of what it looks at, by nobody's turn."""
        self.is_checked: Callable[[str], bool] = lambda _: False
        """Whether it looks at an object: such changes are tried in every order, whoever makes them."""
        self.looked_into: set[str] = set()
        """Folders of which somebody has listed the folders in them, in this execution or in one before."""
        self._objects_alone = threading.local()
        self._current: int | None = None
        self._aside = False
        self._effect = Effect()

    # Processes

    def spawn(self, name: str, run: Callable[[], object]) -> None:
        """Begin a process; it reaches its first request before anybody else goes on."""
        after = self.processes[self._current].requests if self._current is not None else 0
        process = Process(name, run, self._current, after)
        process.go.acquire()
        process.yielded.acquire()
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
            process.pending = False
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
        while pending := frozenset(number for number, process in enumerate(self.processes) if process.pending):
            if at == len(stack):
                asleep = stack[-1].asleep_after() if stack else {}
                awake = sorted(pending - asleep.keys())
                if not awake:
                    self._break_off()
                    return False
                chosen = last if last in awake else awake[0]
                stack.append(_Node(pending, asleep, chosen, {chosen}))
            last = stack[at].chosen
            self._effect = Effect()
            self._turn(last)
            stack[at].effect = self._effect
            if CHECKED in self._effect.changed:
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

    def _request(self, act: Callable[[], Any]) -> Any:
        if self._aside or self._current is None:
            return act()
        process = self.processes[self._current]
        if process.crashed:
            raise Crash
        process.pending = True
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

    # What requests see and change

    def _set(self, path: str, data: bytes | None) -> None:
        """Write an object, or delete it with None."""
        before = self.objects.get(path)
        if data == before:
            self._effect = Effect(seen=frozenset([path]))
            return
        seen: set[str] = set()
        added: set[str] = set()
        changed = {path}
        if self.is_checked(path):
            changed.add(CHECKED)
        child = path
        while child:
            folder = child.rpartition("/")[0]
            added.add(f"all below {folder}")
            if child == path:
                added |= {f"objects in {folder}", f"directly in {folder}"}
            elif folder in self.looked_into and (data is None or before is None):
                others = any(one.startswith(f"{child}/") and one != path for one in self.objects)
                # Of two that are added the first makes the folder; of two that go the last takes it along.
                (changed if data is None or not others else seen).add(f"whether {child}/ is there")
                if not others:
                    added.add(f"directly in {folder}")
            child = folder
        if data is None:
            del self.objects[path]
        else:
            self.objects[path] = data
        self._effect = Effect(frozenset(seen), frozenset(added), frozenset(changed))

    def _find(self, path: str) -> bytes:
        self._effect = Effect(seen=frozenset([path]))
        if path not in self.objects:
            raise FileNotFoundError(path)
        return self.objects[path]

    def _below(self, folder: str, view: str) -> list[str]:
        self._effect = Effect(seen=frozenset([f"{view} {folder}"]))
        return sorted(path for path in self.objects if not folder or path.startswith(f"{folder}/"))

    @contextmanager
    def objects_alone(self) -> Iterator[None]:
        """In this block who lists a folder looks at the objects directly in it, and not at the folders."""
        self._objects_alone.holds = True
        try:
            yield
        finally:
            self._objects_alone.holds = False

    # What Store calls

    def put(self, _: object, path: str, data: Any, *, mode: str = "overwrite", **_options: object) -> None:
        def act() -> None:
            if mode == "create" and path in self.objects:
                self._find(path)
                raise AlreadyExistsError(path)
            self._set(path, data if isinstance(data, bytes) else b"".join(data))

        self._request(act)

    def delete(self, _: object, path: str) -> None:
        self._request(lambda: self._set(path, None))

    def get(self, _: object, path: str) -> _Found:
        return _Found(self._request(lambda: self._find(path)))

    def get_range(self, _: object, path: str, *, start: int, length: int) -> bytes:
        data: bytes = self._request(lambda: self._find(path))
        return data[start : start + length]

    def head(self, _: object, path: str) -> dict[str, Any]:
        self._request(lambda: self._find(path))
        return self._meta(path)

    def list(self, _: object, prefix: str | None, **_options: object) -> list[list[dict[str, Any]]]:
        found = self._request(lambda: self._below(prefix or "", "all below"))
        return [[self._meta(path) for path in found]]

    def list_with_delimiter(self, _: object, prefix: str | None) -> dict[str, Any]:
        view = "objects in" if getattr(self._objects_alone, "holds", False) else "directly in"
        if view == "directly in":
            self.looked_into.add(prefix or "")
        found = self._request(lambda: self._below(prefix or "", view))
        rest = {path: path.removeprefix(f"{prefix}/") if prefix else path for path in found}
        folders = {path[: len(path) - len(name) + name.index("/")] for path, name in rest.items() if "/" in name}
        return {
            "objects": [self._meta(path) for path, name in rest.items() if "/" not in name],
            "common_prefixes": sorted(folders),
        }

    def _meta(self, path: str) -> dict[str, Any]:
        return {"path": path, "last_modified": MODIFIED, **_Found(self.objects.get(path, b"")).meta}


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
    looked_into: set[str] = set()
    count = known = 0
    while most is None or count < most:
        bucket = begin()
        looked_into |= bucket.looked_into
        bucket.looked_into, folders = looked_into, len(looked_into)
        if bucket.execute(stack):
            count += 1
            yield bucket
        if len(looked_into) > folders:
            stack, known = [], 0  # what was left out before could have differed for who looked there
            continue
        _find_races(stack, known, bucket.processes)
        while stack:
            node = stack[-1]
            node.tried[node.chosen] = node.effect
            if left := node.to_try - node.tried.keys() - node.asleep.keys():
                node.chosen = min(left)
                break
            stack.pop()
        else:
            return
        known = len(stack) - 1


def _find_races(stack: Sequence[_Node], known: int, processes: Sequence[Process]) -> None:
    """Note where another process could have gone first, of two requests that meet with nothing ordering them.

    The first ``known`` requests were looked at when they were new.
    """
    clocks: dict[int, list[dict[int, int]]] = defaultdict(list)
    for later, node in enumerate(stack):
        process = processes[node.chosen]
        if later >= known:
            mine, origin = clocks[node.chosen], clocks[process.parent] if process.parent is not None else []
            clock = dict(mine[-1] if mine else origin[process.after - 1] if process.after else {})
            races = []
            for earlier in range(later - 1, -1, -1):
                before = stack[earlier]
                if before.chosen != node.chosen and before.effect.meets(node.effect):
                    if not before.precedes(clock):
                        races.append(earlier)
                    for one, number in before.clock.items():
                        clock[one] = max(clock.get(one, 0), number)
            clock[node.chosen] = clock.get(node.chosen, 0) + 1
            node.clock = clock
            for earlier in races:
                _reverse(stack[earlier : later + 1])
        clocks[node.chosen].append(node.clock)


def _reverse(stack: Sequence[_Node]) -> None:
    """Have it tried that the last goes before the first, unless what is to be tried there leads to that already."""
    first, *between, last = stack
    rest = [node for node in between if not first.precedes(node.clock)] + [last]
    could_begin = [
        node.chosen for at, node in enumerate(rest) if not any(before.precedes(node.clock) for before in rest[:at])
    ]
    if first.to_try.isdisjoint(could_begin):
        first.to_try.add(last.chosen if last.chosen in could_begin else could_begin[0])
