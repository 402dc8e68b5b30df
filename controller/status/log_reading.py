"""What the workers of a step wrote: from their pods, or from the bucket once those are gone."""

from __future__ import annotations

import queue
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from controller.clusters.kubernetes import KubernetesCluster
from controller.clusters.objects import ObservedPod
from controller.clusters.pod_diagnosis import why_not_running
from controller.kube.api_errors import ApiError, InvalidError, NotFoundError, OverloadedError, UnreachableError
from jobs.errors import ConfigurationError, StoreError, StoreUnreachableError
from jobs.layout import LOGS, LogName
from jobs.store import Store

_Attempt = TypeVar("_Attempt")

_POLL_SECONDS = 1.0
OUTAGE_SECONDS = 60.0
"""How long an API server may be away before following ends with an error."""
MOST_STREAMS = 32
"""Pods that are followed at the same time: each is a connection that the API server holds open."""


@dataclass(frozen=True)
class LogLine:
    """Programs read it as JSON: fields may be added, and keep their names and meaning."""

    index: int
    """The shard."""
    attempt: int
    """Attempt of this shard, from 0."""
    source: str
    """``pod`` or ``bucket``."""
    text: str


@dataclass(frozen=True)
class Selection:
    """Which lines are wanted."""

    name: str
    index: int | None = None
    tail: int | None = None
    """The last lines of each shard."""
    previous: bool = False
    """Read the attempt before the last one."""


@dataclass(frozen=True)
class BucketLog:
    path: str
    index: int
    attempt: int
    size: int


def bucket_logs(store: Store, name: str, index: int | None = None) -> list[BucketLog]:
    """The logs in the bucket, ordered by shard and attempt."""
    found = []
    for info in store.objects(f"{name}/{LOGS}"):
        log = LogName.parse(info.path)
        if log and index in (None, log.index):
            found.append(BucketLog(info.path, log.index, log.attempt, info.size))
    return sorted(found, key=lambda log: (log.index, log.attempt))


def read_logs(store: Store, cluster: KubernetesCluster | None, wanted: Selection) -> Iterator[LogLine]:
    """Yield what exists now, shard by shard; a pod's log is preferred to the bucket's copy. Raises ``ApiError``."""
    pods = _chosen(_started(cluster, wanted), wanted.previous) if cluster else {}
    kept = _chosen(_by_index(bucket_logs(store, wanted.name, wanted.index)), wanted.previous)
    for index in sorted(pods.keys() | kept.keys()):
        if cluster and index in pods:
            try:
                yield from _of_pod(cluster, pods[index], tail=wanted.tail)
                continue
            except (NotFoundError, InvalidError):  # gone, with its node or a moment ago
                if index not in kept:
                    continue
        log = kept[index]
        for text in _last(_lines([store.get(log.path)]), wanted.tail):
            yield LogLine(index, log.attempt, "bucket", text)


def follow_logs(
    store: Store,
    cluster: KubernetesCluster | None,
    wanted: Selection,
    ended: Callable[[], bool],
    *,
    sleep: Callable[[float], object] = time.sleep,
) -> Iterator[LogLine]:
    """Yield lines as they are written, from the newest attempt on, until ``ended()``. Raises ``ApiError``."""
    if cluster and cluster.job(wanted.name):
        return _follow_pods(cluster, wanted, ended)
    return _follow_bucket(store, wanted, ended, sleep)


def _follow_bucket(
    store: Store, wanted: Selection, ended: Callable[[], bool], sleep: Callable[[float], object]
) -> Iterator[LogLine]:
    """Logs in the bucket are replaced by longer ones. A line is passed on once it is whole.

    A bucket that does not answer is asked again: its store has said so by then.
    """
    read: dict[str, int] = {}
    while True:
        try:
            over = ended()  # asked before reading: what was written until then is there
            logs = bucket_logs(store, wanted.name, wanted.index)
        except StoreUnreachableError:
            sleep(_POLL_SECONDS)
            continue
        if not read:
            newest = {log.index: log for log in logs}
            read = {log.path: log.size for log in logs if log != newest[log.index]}
        for log in logs:
            if log.size > read.get(log.path, 0):
                try:
                    data = store.get(log.path)[read.get(log.path, 0) :]
                except StoreError:
                    continue  # gone, or to be had the next time
                whole = len(data) if over else data.rfind(b"\n") + 1
                first = log.path not in read
                read[log.path] = read.get(log.path, 0) + whole
                for text in _last(_lines([data[:whole]]), wanted.tail if first else None):
                    yield LogLine(log.index, log.attempt, "bucket", text)
        if over:
            return
        sleep(_POLL_SECONDS)


def _follow_pods(cluster: KubernetesCluster, wanted: Selection, ended: Callable[[], bool]) -> Iterator[LogLine]:
    """A thread for each pod, and again for those that come later."""
    lines: queue.SimpleQueue[LogLine | None] = queue.SimpleQueue()
    begun: set[str] = set()
    going = 0
    first = True

    def pump(pod: ObservedPod, tail: int | None) -> None:
        try:
            for line in _resumed(cluster, pod, tail):
                lines.put(line)
        except ApiError:
            pass  # the pod is gone: why, `status` and `explain` say
        finally:
            lines.put(None)

    reached = time.monotonic()
    while True:
        over = ended()
        try:
            found = _started(cluster, wanted)
        except (OverloadedError, UnreachableError):
            if time.monotonic() - reached > OUTAGE_SECONDS:
                raise
            time.sleep(_POLL_SECONDS)
            continue
        reached = time.monotonic()
        new = [pod for pods in found.values() for pod in (pods[-1:] if first else pods) if pod.name not in begun]
        begun |= {pod.name for pods in found.values() for pod in pods}
        if going + len(new) > MOST_STREAMS:
            raise ConfigurationError(
                wanted.name,
                f"{going + len(new)} pods are at work, and at most {MOST_STREAMS} are followed",
                f"covid-ctl logs {wanted.name} -f --index N",
            )
        for pod in new:
            threading.Thread(target=pump, args=(pod, wanted.tail if first else None), daemon=True).start()
        going += len(new)
        first = False
        deadline = time.monotonic() + _POLL_SECONDS
        while going or not over:
            try:
                line = lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            if line is None:
                going -= 1
            else:
                yield line
        if over and not going:
            return


def _resumed(cluster: KubernetesCluster, pod: ObservedPod, tail: int | None) -> Iterator[LogLine]:
    """A pod's lines to its end: where the stream breaks off it is opened again, and what was passed on is skipped."""
    passed = 0
    while True:
        try:
            for position, line in enumerate(_of_pod(cluster, pod, follow=True, tail=tail)):
                if tail is not None or position >= passed:
                    passed += 1
                    yield line
            return
        except (OverloadedError, UnreachableError):
            tail = tail if tail is None else 0  # counted from the end, nothing tells how far it was
            time.sleep(_POLL_SECONDS)


def _started(cluster: KubernetesCluster, wanted: Selection) -> dict[int, list[ObservedPod]]:
    """The pods whose container has started, by shard, oldest first."""
    found: dict[int, list[ObservedPod]] = defaultdict(list)
    for pod in sorted(cluster.pods(wanted.name), key=lambda pod: pod.created_at or 0.0):
        has_begun = pod.phase in ("Running", "Succeeded", "Failed") and not why_not_running(pod)
        if pod.index is not None and wanted.index in (None, pod.index) and has_begun:
            found[pod.index].append(pod)
    return found


def _by_index(logs: Iterable[BucketLog]) -> dict[int, list[BucketLog]]:
    found: dict[int, list[BucketLog]] = defaultdict(list)
    for log in logs:
        found[log.index].append(log)
    return found


def _chosen(attempts: Mapping[int, list[_Attempt]], previous: bool) -> dict[int, _Attempt]:
    position = -2 if previous else -1
    return {index: found[position] for index, found in attempts.items() if len(found) >= -position}


def _last(lines: Iterable[str], count: int | None) -> Iterable[str]:
    return lines if count is None else deque(lines, count)


def _of_pod(
    cluster: KubernetesCluster, pod: ObservedPod, *, follow: bool = False, tail: int | None = None
) -> Iterator[LogLine]:
    for text in _lines(cluster.logs(pod.name, follow=follow, tail=tail)):
        yield LogLine(pod.index or 0, pod.earlier_failures, "pod", text)


def _lines(pieces: Iterable[bytes]) -> Iterator[str]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.decode(errors="replace")
    if rest:
        yield rest.decode(errors="replace")
