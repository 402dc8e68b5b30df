"""Copies the end of each pod's log to the bucket, once, before the pod is gone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from controller.clusters.objects import ObservedPod
from controller.clusters.pod_diagnosis import why_ended
from controller.kube.api_errors import InvalidError, NotFoundError, OverloadedError, UnreachableError
from jobs.layout import LOGS, LogName
from jobs.parallel import in_parallel
from jobs.store import Store

LINES = 1000
BYTES = 256 << 10
"""At most this much of the last lines."""
AT_ONCE = 8

ReadLog = Callable[[str, int], Iterator[bytes]]
"""Takes a pod's name and a number of lines; yields the end of its log in pieces."""


@dataclass(frozen=True)
class Attempt:
    pod: ObservedPod
    number: int

    @property
    def key(self) -> LogName:
        return LogName(self.pod.index or 0, self.number)


def shipped_logs(store: Store, step: str) -> set[LogName]:
    """The attempts whose logs are in the bucket."""
    return {log for info in store.objects(f"{step}/{LOGS}") if (log := LogName.parse(info.path))}


def ship_logs(store: Store, step: str, attempts: Iterable[Attempt], read: ReadLog) -> set[LogName]:
    """Copy the logs, several at once; returns the keys of those that are in the bucket now.

    The others could not be read for the moment. Raises ``StoreError``.
    """
    shipped = in_parallel(lambda attempt: _ship(store, step, attempt, read), attempts, AT_ONCE)
    return {key for key in shipped if key}


def _ship(store: Store, step: str, attempt: Attempt, read: ReadLog) -> LogName | None:
    try:
        text = _end(read(attempt.pod.name, LINES))
    except (NotFoundError, InvalidError):
        text = b""  # the pod is gone, or never had a container
    except (UnreachableError, OverloadedError):
        return None
    # What is there already is as good: another tracker's copy.
    store.create(attempt.key.path(step), text or _what_is_known(attempt.pod))
    return attempt.key


def _end(pieces: Iterable[bytes]) -> bytes:
    """The last ``BYTES``, from the beginning of a line, however much there is."""
    kept = b""
    cut = False
    for piece in pieces:
        kept += piece
        if len(kept) > 2 * BYTES:
            kept, cut = kept[-BYTES:], True
    if len(kept) > BYTES:
        kept, cut = kept[-BYTES:], True
    return kept[kept.find(b"\n") + 1 :] if cut else kept


def _what_is_known(pod: ObservedPod) -> bytes:
    why = why_ended(pod)
    lines = [pod.termination_message, f"(no log of pod {pod.name}{f': {why.reason}' if why else ''})"]
    return "\n".join(filter(None, lines)).encode() + b"\n"
