"""The table of `status` and `watch`: whole names at any width, and the running step in sight at any height."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console
from rich.style import Style

from controller.cli.fitting import fitted
from controller.cli.live import fitting_table
from controller.cli.tables import STYLES, as_lines, status_table
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
    console = Console(file=out, width=width)
    console.print(fitted(status_table(STEPS, {}, now=NOW, width=width), console))
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


def test_colours_can_be_read_on_white_and_on_black() -> None:
    """At least 3.8 to 1, of the 3 that WCAG asks for in bold and large text and the 4.5 in other."""
    for state, style in STYLES.items():
        colour = Style.parse(style).color
        if colour is None:
            continue
        channels = (value / 255 for value in colour.get_truecolor())
        linear = (value / 12.92 if value <= 0.04 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
        light = sum(part * value for part, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
        assert min(1.05 / (light + 0.05), (light + 0.05) / 0.05) > 3.8, state


@pytest.mark.parametrize("height", [5, 8, 30])
def test_the_running_step_stays_in_sight(height: int) -> None:
    ended = [step(f"ingest-{number:08x}", State.COMPLETE, made=MADE) for number in range(30)]
    console = Console(file=StringIO(), width=100, height=height)
    table = fitting_table([*ended[:15], STEPS[1], *ended[15:]], {}, NOW, console)
    lines = ["".join(part.text for part in line) for line in console.render_lines(table)]
    assert len(lines) < height
    assert any(line.startswith(STEPS[1].name) for line in lines)
