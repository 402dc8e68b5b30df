"""Heartbeats: how far a shard or a training run is, for whoever looks at the bucket."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from jobs.errors import StoreError
from jobs.layout import PROGRESS, heartbeat, shard_of
from jobs.parallel import in_parallel
from jobs.store import Store
from jobs.validation import RECORD, Moment, WholeNumber

_READERS = 16
_SHARE = 0.01
"""At most this share of the time goes into writing heartbeats: who writes them is held up, and a bucket may be slow."""
_LONGEST = 60.0


class Heartbeat:
    """Writes a shard's heartbeat at most once per ``every`` seconds, less often where that takes long.

    ``done`` of ``total`` counted in ``unit`` (documents, steps); other fields as the step has them
    (``loss``, ``doing``). A heartbeat that cannot be written is let go: it decides nothing.
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
        self._store = store.hasty
        self._path = heartbeat(name, shard)
        self._unit = unit
        self._every = every
        self._clock = clock
        self._started = clock()
        self._first = 0
        self._begins = True
        self._next = float("-inf")
        self._ended = False

    def beat(self, done: int, total: int, **fields: Any) -> None:
        now = self._clock()
        if self._begins:
            # A resumed run begins at a step that it did not do itself, and tracing a graph says nothing of the pace.
            self._first, self._started = done, now
        self._begins = bool(fields.get("doing"))
        if now < self._next and (done < total or self._ended):
            return
        self._ended = done >= total
        elapsed = now - self._started
        rate = (done - self._first) / elapsed if elapsed > 0 else 0.0
        beat = {"at": now, "done": done, "total": total, "unit": self._unit, "rate": rate, **fields}
        known = {name: value for name, value in beat.items() if not isinstance(value, float) or math.isfinite(value)}
        with suppress(StoreError):
            self._store.put(self._path, json.dumps(known).encode())
        self._next = now + max(self._every, min((self._clock() - now) / _SHARE, _LONGEST))


@dataclass(frozen=True, config=RECORD)
class Beat:
    """One heartbeat, as far as it is read."""

    at: Moment
    """When it was written, by the worker's clock."""
    done: WholeNumber
    """How much of ``total`` is done, in ``unit``."""
    total: WholeNumber
    unit: str
    rate: Annotated[float, Field(ge=0.0, le=1e15)]
    """``unit`` per second."""
    loss: Annotated[float, Field(ge=-1e9, le=1e9)] | None = None
    doing: str = ""
    """What it is busy with while nothing can be counted."""


def read_heartbeats(store: Store, name: str) -> dict[int, Beat]:
    """The last heartbeat of every shard of a step that has one. What cannot be read is as good as not there."""
    store = store.hasty
    try:
        found = {info.path: shard_of(info.path) for info in store.objects(f"{name}/{PROGRESS}")}
    except StoreError:
        return {}
    beats = in_parallel(lambda path: _beat(store, path), found, _READERS)
    return {shard: beat for shard, beat in zip(found.values(), beats, strict=True) if shard is not None and beat}


def _beat(store: Store, path: str) -> Beat | None:
    try:
        return store.find_record(Beat, path)
    except StoreError:
        return None
