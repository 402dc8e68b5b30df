"""Help: a short line for every command that 80 columns show whole, and a sentence for every option."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from controller.cli.main import cli

COLUMNS = 80


def commands(group: click.Command = cli, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    if isinstance(group, click.Group):
        for name, command in inner(group).items():
            yield from commands(command, (*path, name))


def inner(group: click.Group) -> dict[str, click.Command]:
    context = click.Context(group)
    found = {name: group.get_command(context, name) for name in group.list_commands(context)}
    return {name: command for name, command in found.items() if command}


COMMANDS = dict(commands())


@pytest.mark.parametrize("path", [path for path in COMMANDS if path], ids="-".join)
def test_every_command_has_a_short_help_and_every_option_a_help(path: tuple[str, ...]) -> None:
    command = COMMANDS[path]
    assert command.short_help
    assert command.short_help[0].isupper()
    assert command.short_help.endswith(".")
    without = [option.opts for option in command.params if isinstance(option, click.Option) and not option.help]
    assert without == []


@pytest.mark.parametrize("path", [path for path, found in COMMANDS.items() if isinstance(found, click.Group)])
def test_a_list_of_commands_shows_each_short_help_whole(path: tuple[str, ...]) -> None:
    shown = CliRunner(env={"COLUMNS": str(COLUMNS)}).invoke(cli, [*path, "--help"]).output
    for name, command in inner(COMMANDS[path]).items():  # type: ignore[arg-type]
        (line,) = [line for line in shown.splitlines() if line.split()[:1] == [name]]
        assert line.split(maxsplit=1)[1] == command.short_help
    assert max(map(len, shown.splitlines())) <= COLUMNS


def test_python_can_run_the_controller_as_a_module() -> None:
    command = [sys.executable, "-m", "controller", "--help"]
    ran = subprocess.run(command, capture_output=True, text=True, env={"COLUMNS": str(COLUMNS)}, timeout=300)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("Usage: covid-ctl [OPTIONS] COMMAND")
    assert all(str(command.short_help) in ran.stdout for command in cli.commands.values())
