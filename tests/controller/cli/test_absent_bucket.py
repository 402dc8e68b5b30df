"""A --bucket directory that does not exist is named by every command that looks, instead of being empty for ever."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from controller.cli.main import cli
from jobs.errors import ConfigurationError

COMMANDS = (
    ["status"],
    ["watch"],
    ["logs", "ingest-00000000"],
    ["explain", "ingest-00000000"],
    ["gc"],
    ["artifacts"],
    ["report"],
    ["verify", "ingest-00000000"],
)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_it_is_named(command: list[str], tmp_path: Path) -> None:
    ran = CliRunner().invoke(cli, [*command, "--profile", "local", "--bucket", str(tmp_path / "absent")])
    assert isinstance(ran.exception, ConfigurationError)
    assert ran.exception.reason == "this directory does not exist"
    assert not (tmp_path / "absent").exists()
