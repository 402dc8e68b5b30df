"""A --bucket directory that does not exist is named by every command that looks, instead of being empty for ever."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from controller.cli.main import cli
from jobs.errors import ConfigurationError

MAKING = ("submit", "render", "init", "doctor", "estimate")
"""These may make the bucket, ask for one, or say that it is made when something is first written."""
ARGUMENTS = {
    "logs": ["ingest-00000000"],
    "explain": ["ingest-00000000"],
    "verify": ["ingest-00000000"],
    "cancel": ["ingest-00000000"],
    "search": ["fever"],
    "publish": ["tiny", "--to", "published"],
    "judge": ["--qrels", "qrels", "--topics", "topics"],
}
COMMANDS = [
    name
    for name, command in cli.commands.items()
    if name not in (*MAKING, "tracker")
    and not isinstance(command, click.Group)
    and any(parameter.name == "bucket" for parameter in command.params)
]


def test_all_that_look_are_among_them() -> None:
    assert {"status", "watch", "logs", "gc", "artifacts", "report", "cancel", "search", "judge"} <= set(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_named(command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("qrels").write_text("1 0 abc 2\n")
    Path("topics").write_text('<topics><topic number="1"><query>fever</query></topic></topics>')
    place = ["--profile", "local", "--bucket", str(tmp_path / "absent")]
    ran = CliRunner().invoke(cli, [command, *ARGUMENTS.get(command, []), *place])
    assert isinstance(ran.exception, ConfigurationError)
    assert ran.exception.reason == "this directory does not exist"
    assert not (tmp_path / "absent").exists()
