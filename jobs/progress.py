"""Heartbeats: how far a shard or a training run is, for whoever looks at the bucket."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import PurePath
from typing import Any

from jobs.errors import StoreError
from jobs.store import Store

_READERS = 16
_SHARE = 0.01
"""Of the time, at most, goes into writing heartbeats: who writes them is held up, and a bucket may be slow."""
_LONGEST = 60.0


class Heartbeat:
    """Writes ``<name>/progress/<shard>.json`` at most once per ``every`` seconds, less often where that takes long.

    ``done`` of ``total`` counted in ``unit`` (documents, steps); other fields as the step has them
    (``loss``). A heartbeat that cannot be written is let go: it decides nothing.
    """

    def __init__(
        self,
        store: Store,
        name: str,
        shard: int,
        *,
        unit: str,
        every: float = 1.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._path = f"{name}/progress/{shard:05d}.json"
        self._unit = unit
        self._every = every
        self._clock = clock
        self._started = clock()
        self._first: int | None = None
        self._next = float("-inf")
        self._ended = False

    def beat(self, done: int, total: int, **fields: Any) -> None:
        now = self._clock()
        if self._first is None:
            # A resumed run begins at a step that it did not do itself.
            self._first, self._started = done, now
        if now < self._next and (done < total or self._ended):
            return
        self._ended = done >= total
        elapsed = now - self._started
        rate = (done - self._first) / elapsed if elapsed > 0 else 0.0
        beat = {"at": now, "done": done, "total": total, "unit": self._unit, "rate": rate, **fields}
        with suppress(StoreError):
            self._store.put(self._path, json.dumps(beat).encode())
        self._next = now + max(self._every, min((self._clock() - now) / _SHARE, _LONGEST))


def read_heartbeats(store: Store, name: str) -> dict[int, dict[str, Any]]:
    """The last heartbeat of every shard of a step that has one."""
    paths = [info.path for info in store.objects(f"{name}/progress")]
    with ThreadPoolExecutor(_READERS) as readers:  # of a bucket far away, each takes its while
        found = zip(paths, readers.map(lambda path: _beat(store, path), paths), strict=True)
        beats = {PurePath(path).stem: beat for path, beat in found if beat}
    return {int(shard): beat for shard, beat in beats.items() if shard.isdecimal()}


def _beat(store: Store, path: str) -> dict[str, Any] | None:
    try:
        beat = store.find_json(path)
    except StoreError:
        return None  # it decides nothing
    return beat if isinstance(beat, dict) and beat.keys() >= {"at", "done", "total", "unit", "rate"} else None
