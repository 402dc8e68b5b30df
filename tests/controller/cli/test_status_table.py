"""The table of `status` and `watch`: whole names at any width, and the running step in sight at any height."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from controller.cli.live import fitting_table
from controller.cli.tables import as_lines, status_table
from controller.status.derive import State
from controller.status.step_status import StepProgress, StepState

NOW = 1_800_000_000.0
MADE = "282 documents kept, 2 dropped, 0 quarantined of 284; full text of 180 of 282"


def step(name: str, state: State, *, reason: str = "", made: str = "") -> StepState:
    progress = StepProgress(1, 4, done=5, total=20, unit="documents", rate=12.5, eta_seconds=75.0)
    return StepState(name, "ingest", "", state, reason, progress, NOW - 7300, "", summary=made, took_seconds=83.0)


STEPS = [
    step("ingest-15c9eff3", State.COMPLETE, made=MADE),
    step("pretrain-clinical-9181c8a7", State.RUNNING),
    step("export-clinical-55842b1e", State.WAITING, reason="waits for its inputs pretrain-clinical-9181c8a7"),
    step("tune-tiny-00000000", State.FAILED, reason="out of memory"),
]


def drawn(width: int) -> str:
    out = StringIO()
    Console(file=out, width=width).print(status_table(STEPS, {}, now=NOW, width=width))
    return out.getvalue()


def test_a_row_is_name_state_shards_age_time_and_result() -> None:
    head, *rows = as_lines(status_table(STEPS, {}, now=NOW)).splitlines()
    assert head.split() == ["NAME", "STATE", "SHARDS", "AGE", "TOOK", "RESULT"]
    assert [" ".join(row.split()) for row in rows] == [
        f"ingest-15c9eff3 complete 1/4 2h 1:23 {MADE}",
        "pretrain-clinical-9181c8a7 running 1/4 2h 1:23 documents 5/20 12.5 documents/s ETA 1:15",
        "export-clinical-55842b1e waiting 1/4 2h 1:23 waits for its inputs pretrain-clinical-9181c8a7",
        "tune-tiny-00000000 failed 1/4 2h 1:23 out of memory",
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_names_and_states_are_whole_at_any_width(width: int) -> None:
    lines = drawn(width).splitlines()
    assert all(len(line) <= width for line in lines)
    for one in STEPS:
        assert any(line.startswith(one.name) and str(one.state) in line for line in lines)


@pytest.mark.parametrize("height", [5, 8, 30])
def test_the_running_step_stays_in_sight(height: int) -> None:
    ended = [step(f"ingest-{number:08x}", State.COMPLETE, made=MADE) for number in range(30)]
    console = Console(file=StringIO(), width=100, height=height)
    table = fitting_table([*ended[:15], STEPS[1], *ended[15:]], {}, NOW, console)
    lines = ["".join(part.text for part in line) for line in console.render_lines(table)]
    assert len(lines) < height
    assert any(line.startswith(STEPS[1].name) for line in lines)
