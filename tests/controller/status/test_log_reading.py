"""What workers wrote, from pods and from the bucket, now and as it comes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from controller.cli.lines import log_text
from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import ForbiddenError, UnreachableError
from controller.planning.manifest import render
from controller.profiles.profile import Images, Profile
from controller.status.log_filter import LinePattern, matching, since
from controller.status.log_reading import LogLine, Selection, follow_logs, read_logs
from jobs.errors import ConfigurationError, StoreUnreachableError
from jobs.store import Store
from tests.api_server.server import ApiServer, Fault
from tests.controller.steps import planned
from tests.standin_kubelet import RUNS, StandinKubelet

STEP = planned(shards=3)[-1]
NAME = STEP.name


@pytest.fixture
def store(tmp_path: Path) -> Store:
    store = Store(str(tmp_path / "bucket"))
    for file, text in {"00000-0": "a\n", "00000-1": "b\nc", "00002-0": "d\u2028e\n\nf\n", "stray": "?"}.items():
        store.put(f"{NAME}/logs/{file}.log", text.encode())
    return store


@pytest.fixture
def pods(server: ApiServer, cluster: KubernetesCluster) -> KubernetesCluster:
    """Three pods at work, of which two have written something."""
    images = Images(worker="worker:1", trainer="trainer:1", exporter="exporter:1")
    cluster.create(render(STEP, Profile(name="test", bucket="gs://b/x", images=images)))
    StandinKubelet(cluster, NAME, {0: [RUNS], 1: [RUNS], 2: [RUNS]}).step()
    for pod in server.store.all("pods", "default")[:2]:
        pod["metadata"]["annotations"]["test/log"] = f"of pod {pod['metadata']['labels'][INDEX]}\nlast"
        server.store.update("pods", "default", pod)
    return cluster


INDEX = "batch.kubernetes.io/job-completion-index"


def told(lines: Iterator[LogLine]) -> list[tuple[int, int, str, str]]:
    return [(line.index, line.attempt, line.source, line.text) for line in lines]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Selection(NAME), [(0, 1, "b"), (0, 1, "c"), (2, 0, "d\u2028e"), (2, 0, ""), (2, 0, "f")]),
        (Selection(NAME, tail=1), [(0, 1, "c"), (2, 0, "f")]),
        (Selection(NAME, tail=0), []),
        (Selection(NAME, index=2, tail=9), [(2, 0, "d\u2028e"), (2, 0, ""), (2, 0, "f")]),
        (Selection(NAME, previous=True), [(0, 0, "a")]),
        (Selection(NAME, index=1), []),
        (Selection("other-1"), []),
    ],
)
def test_from_the_bucket(wanted: Selection, expected: list[tuple[int, int, str]], store: Store) -> None:
    assert told(read_logs(store, None, wanted)) == [(index, n, "bucket", text) for index, n, text in expected]


def test_a_pods_log_comes_before_the_buckets(pods: KubernetesCluster, store: Store) -> None:
    found = told(read_logs(store, pods, Selection(NAME)))
    assert found[:4] == [
        (0, 0, "pod", "of pod 0"),
        (0, 0, "pod", "last"),
        (1, 0, "pod", "of pod 1"),
        (1, 0, "pod", "last"),
    ]
    assert [line[2] for line in found[4:]] == ["bucket"] * 3  # that pod has not begun to write
    assert told(read_logs(store, pods, Selection(NAME, index=1))) == found[2:4]


def test_the_bucket_once_the_job_is_gone(pods: KubernetesCluster, store: Store) -> None:
    pods.delete(NAME)
    assert told(read_logs(store, pods, Selection(NAME, index=0)))[0] == (0, 1, "bucket", "b")
    assert told(follow_logs(store, pods, Selection(NAME, index=0), lambda: True))[0] == (0, 1, "bucket", "b")


def test_permission_denied_is_raised(server: ApiServer, pods: KubernetesCluster, store: Store) -> None:
    server.denied.add(("list", "pods"))
    with pytest.raises(ForbiddenError):
        told(read_logs(store, pods, Selection(NAME)))


def test_following_the_bucket_tells_each_line_once_and_whole(store: Store) -> None:
    grown = iter(
        [("00000-1", "b\nc, and m"), ("00000-1", "b\nc, and more\n"), ("00001-0", "new"), ("00000-2", "again\n")]
    )
    over = False

    def sleep(_: float) -> None:
        nonlocal over
        file, text = next(grown, ("", ""))
        over = not file
        if file:
            store.put(f"{NAME}/logs/{file}.log", text.encode())

    found = told(follow_logs(store, None, Selection(NAME, tail=1), lambda: over, sleep=sleep))
    assert [(index, attempt, text) for index, attempt, _, text in found] == [
        (0, 1, "b"),
        (2, 0, "f"),
        (0, 1, "c, and more"),
        (0, 2, "again"),
        (1, 0, "new"),
    ]


def test_following_goes_on_after_an_outage_of_the_bucket(store: Store) -> None:
    outages = [StoreUnreachableError("gs://b", "no answer", "wait")] * 2

    def ended() -> bool:
        if outages:
            raise outages.pop()
        return True

    assert told(follow_logs(store, None, Selection(NAME), ended, sleep=lambda _: None))
    assert not outages


def test_following_pods_ends_with_the_step(pods: KubernetesCluster, store: Store) -> None:
    asked = 0

    def ended() -> bool:
        nonlocal asked
        asked += 1
        return asked > 1

    found = told(follow_logs(store, pods, Selection(NAME), ended))
    assert sorted(found) == [(i, 0, "pod", text) for i in (0, 1) for text in ("last", f"of pod {i}")]


def test_too_many_pods_are_not_followed(pods: KubernetesCluster, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controller.status.log_reading.MOST_STREAMS", 2)
    with pytest.raises(ConfigurationError, match="3 pods are at work"):
        told(follow_logs(store, pods, Selection(NAME), lambda: False))


EVENT = (
    '{"step": "a-1", "loss": 6.758688, "why": "two words", '
    '"event": "shard.committed", "level": "info", "timestamp": "2026-11-23T19:24:36.5Z"}'
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (EVENT, '2026-11-23 19:24:36 info    shard.committed  step=a-1 loss=6.7587 why="two words"'),
        ("plain", "plain"),
        ("{not json", "{not json"),
        ('{"no": "event"}', '{"no": "event"}'),
        ("", ""),
    ],
)
def test_lines_for_people(text: str, shown: str) -> None:
    assert log_text(LogLine(3, 0, "pod", text), shard=False) == shown
    assert log_text(LogLine(3, 0, "pod", text), shard=True) == f"[3] {shown}"


def test_a_stream_that_breaks_off_is_opened_again_and_tells_no_line_twice(
    pods: KubernetesCluster, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.status.log_reading._POLL_SECONDS", 0.01)
    logs, broken = KubernetesCluster.logs, list[str]()

    def breaks_off(cluster: KubernetesCluster, pod: str, **options: Any) -> Iterator[bytes]:
        pieces = logs(cluster, pod, **options)
        if len(broken) < 3:
            broken.append(pod)
            yield next(pieces)[:11]  # in the midst of a line
            raise UnreachableError("jobs", "the stream broke off")
        yield from pieces

    monkeypatch.setattr(KubernetesCluster, "logs", breaks_off)
    ends = iter([False, True])
    lines = [text for _, _, _, text in told(follow_logs(store, pods, Selection(NAME), lambda: next(ends, True)))]
    assert len(broken) == 3
    assert [line for line in lines if line.startswith("of pod")].count("of pod 0") == 1
    assert lines.count("last") == 2


def test_an_api_server_that_stays_away_is_an_error_and_no_end(
    server: ApiServer, pods: KubernetesCluster, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controller.status.log_reading._POLL_SECONDS", 0.01)
    monkeypatch.setattr("controller.status.log_reading.OUTAGE_SECONDS", 0.05)
    following = follow_logs(store, pods, Selection(NAME), lambda: False)
    next(following)
    server.faults.append(Fault("GET", "/pods", 0, times=10**6))
    with pytest.raises(UnreachableError):
        list(following)


def event(at: str, **fields: object) -> str:
    return json.dumps({"timestamp": at, "level": "info", "event": "step.took", **fields})


OLD, NEW = event("2026-11-23T19:00:00.000001Z"), event("2026-11-23T19:30:00Z")


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        ([OLD, NEW], [NEW]),
        ([OLD, "Traceback", "  in it", NEW, "Traceback"], [NEW, "Traceback"]),
        (["begins", OLD, "then"], ["begins"]),
        (['{"timestamp": 7}', '{"timestamp": "soon"}', "{"], ['{"timestamp": 7}', '{"timestamp": "soon"}', "{"]),
        (
            [event("2026-11-23T20:29:59+01:00"), event("2026-11-23T20:30:00+01:00")],
            [event("2026-11-23T20:30:00+01:00")],
        ),
    ],
)
def test_lines_since_a_moment(texts: list[str], kept: list[str]) -> None:
    """A line without a time is as old as the one before it in the same log."""
    moment = datetime(2026, 11, 23, 19, 30, tzinfo=UTC).timestamp()
    other = LogLine(1, 0, "pod", "of another log")
    lines = [line for text in texts for line in (LogLine(0, 0, "pod", text), other)]
    assert [line.text for line in since(lines, moment) if line is not other] == kept


def test_half_of_a_surrogate_pair_hides_no_line() -> None:
    (line,) = matching([LogLine(0, 0, "pod", "a title \ud800 failed")], LinePattern("failed$"), lambda line: line.text)
    assert line.index == 0
