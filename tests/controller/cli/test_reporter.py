"""Lines in a pipe while steps are waited for: changes, and now and then how far a step is."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from controller.cli.lines import PROGRESS_LINE_SECONDS, Reporter
from controller.cli.words import shards_text
from controller.status.derive import State
from controller.status.step_status import StepProgress, StepState
from controller.tracking.wait import StepUpdate
from tests.controller.steps import steps

INGEST, SIGNATURES, *_ = steps()


def lines(*updates: StepUpdate) -> list[str]:
    out = StringIO()
    with Reporter(out) as reporter:
        for update in updates:
            reporter.report(update)
    return out.getvalue().splitlines()


def test_a_step_that_only_waits_is_reported_once() -> None:
    waiting = StepUpdate(SIGNATURES, StepProgress(0, 2), 0.0, reason=f"waits for its input {INGEST.name}")
    told = lines(*(replace(waiting, seconds=10.0 * n) for n in range(20)))
    assert len(told) == 1


def test_a_back_off_that_counts_down_is_reported_once() -> None:
    waiting = StepUpdate(INGEST, StepProgress(0, 1), 0.0)
    reasons = (f"back-off: index 0 tried again in {n} s, after exited with 1" for n in range(30, 0, -1))
    assert len(lines(*(replace(waiting, reason=reason, seconds=10.0 * n) for n, reason in enumerate(reasons)))) == 1


def test_how_far_a_step_is_comes_now_and_then() -> None:
    running = StepUpdate(INGEST, StepProgress(0, 1, 0, 100, "documents"), 0.0)
    moving = [replace(running, seconds=float(n), progress=replace(running.progress, done=n)) for n in range(20)]
    assert len(lines(*moving)) == 1 + 19 // int(PROGRESS_LINE_SECONDS)


def test_of_a_complete_step_nothing_is_active() -> None:
    state = StepState("a-1", "a", "", State.COMPLETE, "", StepProgress(4, 4), 0.0, "", active=2)
    assert shards_text(state) == "4/4"
    assert shards_text(replace(state, state=State.RUNNING)) == "4/4, 2 active"
