"""The commands' JSON is the interface for programs: the example in docs/ runs, and the reference is true."""

import contextlib
import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import click
import pytest

from controller.cli.main import cli
from tests.e2e.command import COVID_CTL, answer
from tests.e2e.finished import Run
from tests.e2e.json_reference import REFERENCE

EXAMPLE = Path(__file__).parents[2] / "docs" / "how-to" / "use-from-python.md"


def test_the_example_runs_off_the_main_thread(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(run.folder)
    monkeypatch.setenv("COVID_CTL_BUCKET", str(run.bucket))
    monkeypatch.setenv("PATH", str(COVID_CTL.parent), prepend=":")
    (example,) = re.findall(r"```python\n(.*?)```", EXAMPLE.read_text(), re.DOTALL)
    errors: list[BaseException] = []
    out = io.StringIO()

    def work() -> None:
        try:
            exec(compile(example, "the example", "exec"), {})
        except BaseException as error:  # whatever it is, the test tells it
            errors.append(error)

    with contextlib.redirect_stdout(out):
        thread = Thread(target=work)
        thread.start()
        thread.join()
    assert errors == []
    submitted, state, estimated = out.getvalue().splitlines()
    assert submitted.startswith(f"{run.preprocess} {{")
    assert state.startswith("complete 2 ")
    assert re.fullmatch(r"training takes \S+ to \S+ hours", estimated)


def test_the_reference_has_every_command_that_answers_in_json() -> None:
    found = dict(pair for name, command in cli.commands.items() for pair in options(command, name))
    told = [heading for section in REFERENCE for heading in section.split(", ")]
    for command, known in found.items():
        if "--output" in known:
            assert any(f"{name} ".startswith(f"{command} ") or command.startswith(f"{name} ") for name in told), command


WITHOUT = {"init", "render", "tracker", "completion"}
"""They write a file, YAML, a log and a script: nothing for a program to read."""


def options(command: click.Command, name: str) -> Iterator[tuple[str, set[str]]]:
    """Each command with its options, those of a group by its name and theirs."""
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=name)
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            assert found
            yield from options(found, f"{name} {inner}")
    else:
        yield name, {option for parameter in command.params for option in parameter.opts}


def test_every_command_that_a_program_needs_answers_in_json() -> None:
    found = dict(pair for name, command in cli.commands.items() for pair in options(command, name))
    assert len(found) > 20
    assert {name.split()[0] for name, known in found.items() if "--output" not in known} == WITHOUT


def one(found: Any) -> Any:
    return found[-1]


def whole(found: Any) -> Any:
    return found


COMMANDS: dict[str, tuple[tuple[str, ...], str, Callable[[Any], Any]]] = {
    "status": (("status", "STEP"), "status, watch", one),
    "progress": (("status", "STEP"), "StepProgress", lambda found: found[-1]["progress"]),
    "spending": (("status", "STEP"), "Spending", lambda found: found[-1]["spending"]),
    "artifact": (("artifacts", "STEP"), "submit, artifacts", whole),
    "artifacts": (("artifacts",), "submit, artifacts", one),
    "output": (("artifacts", "STEP"), "Output", lambda found: found["outputs"][0]),
    "explain": (("explain", "STEP"), "explain", whole),
    "report": (("report", "STEP"), "report", whole),
    "explained": (("recipes", "show", "tiny", "--explain"), "recipes show --explain", one),
    "estimate": (("estimate", "pretrain", "tiny"), "estimate", whole),
    "estimated step": (("estimate", "pretrain", "tiny"), "StepEstimate", lambda found: found["steps"][0]),
    "range": (("estimate", "pretrain", "tiny"), "Range", lambda found: found["total"]["hours"]),
    "verify": (("verify", "STEP"), "verify", one),
    "doctor": (("doctor",), "doctor", one),
    "gc": (("gc", "--older-than", "0s"), "gc", lambda found: found["removals"][0]),
    "cancel": (("cancel", "STEP"), "cancel", one),
    "submit": (("submit", "preprocess", "--corpus", "CORPUS"), "submit, artifacts", one),
    "dry run": (("submit", "preprocess", "--corpus", "CORPUS", "--dry-run"), "submit --dry-run", whole),
    "planned": (("submit", "preprocess", "--corpus", "CORPUS", "--dry-run"), "PlannedStep", lambda f: f["steps"][0]),
    "spread": (("submit", "preprocess", "--corpus", "CORPUS", "--dry-run"), "Spread", lambda found: found["spread"]),
}


@pytest.mark.parametrize("case", COMMANDS)
def test_every_field_is_in_the_reference_and_none_beside(case: str, run: Run) -> None:
    words, section, part = COMMANDS[case]
    given = [{"STEP": run.preprocess, "CORPUS": str(run.corpus)}.get(word, word) for word in words]
    done = answer(*given, "--output", "json", bucket=run.bucket)
    assert done.code in (0, 3), done.err
    assert set(part(done.json())) == REFERENCE[section]
