"""How far a step is, how fast and how long it will take: numbers that a person can believe."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.cli.words import progress_text
from controller.status.step_status import StepProgress, observe_progress
from jobs.artifact import Artifact
from jobs.progress import Heartbeat
from jobs.spec import Kind, Spec
from jobs.store import Store

NOW = 1_800_000_000.0


def progress(tmp_path: Path, shards: int, done: int, working: int, *, elapsed: float, each: int = 20) -> StepProgress:
    """``done`` shards are committed, ``working`` are half done; each has ``each`` documents."""
    artifact = Artifact(Store(str(tmp_path)), Spec(Kind.PREPROCESS, settings={}, inputs={}, shards=shards))
    artifact.submit()
    for shard in range(done + working):
        begun = NOW - 1
        beats = iter([begun - 0.1, begun, begun, begun])
        heartbeat = Heartbeat(artifact.store, artifact.name, shard, unit="documents", clock=lambda: next(beats, NOW))  # noqa: B023
        heartbeat.beat(each if shard < done else each // 2, each)
    for shard in range(done):
        artifact.commit(shard, [])
    return observe_progress(artifact, NOW - elapsed, NOW)


def test_pods_that_take_long_to_start_are_part_of_what_is_left(tmp_path: Path) -> None:
    """53 of 300 shards in 106 s: at two seconds a shard the rest takes eight minutes, however fast a worker reads."""
    found = progress(tmp_path, 300, 53, 0, elapsed=106.0)
    assert found.eta_seconds is None  # nobody is at work
    found = progress(tmp_path / "working", 300, 50, 6, elapsed=106.0)
    assert found.eta_seconds == pytest.approx(247 * 2.0)
    assert found.rate == pytest.approx((50 * 20 + 6 * 10) / 106.0)


def test_a_single_shard_knows_its_own_rate(tmp_path: Path) -> None:
    artifact = Artifact(Store(str(tmp_path)), Spec(Kind.PRETRAIN, settings={}, inputs={}, recipe="tiny"))
    artifact.submit()
    clock = iter([NOW - 10, NOW - 10, NOW - 10, NOW, NOW])
    heartbeat = Heartbeat(artifact.store, artifact.name, 0, unit="steps", clock=lambda: next(clock, NOW))
    heartbeat.beat(100, 300)
    heartbeat.beat(200, 300)
    found = observe_progress(artifact, NOW - 1000.0, NOW)
    assert found.rate == pytest.approx(10.0)
    assert found.eta_seconds == pytest.approx(10.0)


def test_what_it_is_busy_with_is_shown_while_nothing_can_be_counted(tmp_path: Path) -> None:
    artifact = Artifact(Store(str(tmp_path)), Spec(Kind.PRETRAIN, settings={}, inputs={}, recipe="tiny"))
    artifact.submit()
    heartbeat = Heartbeat(artifact.store, artifact.name, 0, unit="steps", clock=lambda: NOW)
    heartbeat.beat(0, 300, doing="tracing and compiling the graph")
    found = observe_progress(artifact, NOW - 1000.0, NOW)
    assert progress_text(found) == "steps 0/300  tracing and compiling the graph"


def test_a_slow_pace_is_no_zero() -> None:
    assert progress_text(StepProgress(1, 0, done=1, total=9, unit="steps", rate=0.0234)) == "steps 1/9  0.023 steps/s"
