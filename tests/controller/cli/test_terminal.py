"""What others wrote never steers a terminal; a closed or full output leaves no traceback."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.cli.lines import Reporter, log_text
from controller.cli.tables import as_lines, status_table
from controller.cli.terminal import CLOSED_PIPE, escaped
from controller.ledger.events import Event, EventType, Ledger
from controller.status.derive import State
from controller.status.log_reading import LogLine
from controller.status.step_status import StepProgress, StepState
from jobs.artifact import Artifact
from jobs.store import Store
from tests.controller.steps import steps

CLI = Path(__file__).parents[3] / "controller" / "cli"
HOSTILE = "\x1b]0;owned\x07 \x9b31m \u202eevil\u2066 \x08\x7f\r"
SHOWN = r"\u001b]0;owned\u0007 \u009b31m \u202eevil\u2066 \u0008\u007f\u000d"


def test_what_steers_a_terminal_is_written_as_its_code() -> None:
    assert escaped(HOSTILE) == SHOWN
    assert escaped("naïve β-catenin, 東京 😀\t\n") == "naïve β-catenin, 東京 😀\t\n"


@given(st.text())
def test_no_character_that_steers_is_left_and_all_others_stay(text: str) -> None:
    shown = escaped(text)
    assert escaped(shown) == shown
    shown.encode()  # also halves of characters
    if text.isprintable() and not any(0x2000 <= ord(c) < 0x2070 for c in text):
        assert shown == text


@given(st.text())
def test_json_stays_json_with_the_same_value(text: str) -> None:
    assert json.loads(escaped(json.dumps([text], ensure_ascii=False))) == [text]


def test_in_tables_lines_and_logs() -> None:
    state = StepState("ingest-1", "ingest", "", State.FAILED, HOSTILE, StepProgress(0, 1), 0.0, HOSTILE)
    out = StringIO()
    with Reporter(out) as reporter:
        reporter.note(HOSTILE)
    for shown in (as_lines(status_table([state], {}, now=0.0)), out.getvalue()):
        assert SHOWN in shown
        assert "\x1b" not in shown
    assert HOSTILE in log_text(LogLine(0, 0, "pod", HOSTILE), shard=False)  # escaped where it is written


def test_nothing_else_writes_to_the_terminal() -> None:
    """Each other way out would have to remember to escape."""
    found = []
    for path in CLI.glob("*.py"):
        if path.name in ("terminal.py", "console.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            name = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if name in ("print", "click.echo", "click.secho", "Console", "sys.stdout.write", "sys.stderr.write"):
                found.append(f"{path.name}: {name}")
    assert found == []


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    store = Store(str(tmp_path))
    for step in steps():
        Artifact(store, step.spec).submit()
        Ledger(store).append(step.name, Event(EventType.SUBMITTED, 1.0, "covid-ctl submit preprocess"))
        Ledger(store).append(step.name, Event(EventType.FAILED, 2.0, HOSTILE))
    return tmp_path


def covid_ctl(*arguments: str, bucket: Path, stdout: int | None, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "controller", *arguments, "--bucket", str(bucket)]
    environment = {**os.environ, "COVID_CTL_PROFILE": "local"}
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        command, stdout=stdout, stderr=subprocess.PIPE, text=True, env=environment, timeout=300, cwd=bucket, **options
    )


COMMANDS = (["status"], ["status", "--output", "json"], ["watch", steps()[0].name], ["explain", steps()[0].name])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_reader_that_has_left_ends_the_command_quietly(command: list[str], bucket: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    done = covid_ctl(*command, bucket=bucket, stdout=write)
    os.close(write)
    assert (done.returncode, done.stderr) == (CLOSED_PIPE, "")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_full_output_is_an_error_in_one_line(command: list[str], bucket: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = covid_ctl(*command, bucket=bucket, stdout=full.fileno())
    assert done.returncode == 1
    assert done.stderr.startswith("covid-ctl: standard output: No space left on device")
    assert "Traceback" not in done.stderr


def test_a_closed_output_changes_nothing_about_the_exit_code(bucket: Path) -> None:
    for command, code in ((["status"], 0), (["watch", steps()[0].name], 1), (["status", "absent-00000000"], 2)):
        done = covid_ctl(*command, bucket=bucket, stdout=None, preexec_fn=lambda: os.close(1))
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), done.stderr


def test_commands_show_what_others_wrote_escaped(bucket: Path) -> None:
    for command in COMMANDS:
        done = covid_ctl(*command, bucket=bucket, stdout=subprocess.PIPE)
        assert "owned" in done.stdout
        assert not set(done.stdout) & {"\x1b", "\x9b", "\u202e", "\x7f", "\x08", "\r"}, command
