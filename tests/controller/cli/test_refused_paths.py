"""A path that the system refuses is named by whatever command it was given to."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from controller.cli.main import main
from jobs.errors import ConfigurationError
from jobs.files.links import check_links

LONG, ROUND, NOTHING = "x" * 5000, "round", "nothing/at/all"
COMMANDS = {
    "corpus": ["submit", "preprocess", "--corpus", "PATH"],
    "vocab": ["submit", "preprocess", "--corpus", "sample", "--vocab", "PATH"],
    "recipe": ["submit", "preprocess", "--corpus", "sample", "--recipe", "./PATH.yaml"],
    "data": ["submit", "evaluate", "tiny", "--data", "PATH"],
    "against": ["submit", "evaluate", "tiny", "--against", "PATH"],
    "verify": ["verify", "./PATH"],
    "estimate": ["estimate", "preprocess", "--corpus", "PATH"],
    "render": ["render", "preprocess", "--corpus", "PATH"],
    "profile": ["status"],
}


@pytest.mark.parametrize("path", [LONG, ROUND, NOTHING], ids=["long", "round", "nothing"])
@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_named(
    command: str, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ROUND).symlink_to(ROUND)
    monkeypatch.chdir(tmp_path)
    if command == "profile":
        monkeypatch.setenv("COVID_CTL_CONFIG", path)
    arguments = [argument.replace("PATH", path) for argument in COMMANDS[command]]
    monkeypatch.setattr(sys, "argv", ["covid-ctl", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().err
    assert ended.value.code in (1, 2, 3)
    assert path in said
    assert "\n  next: " in said


@pytest.mark.parametrize("command", ["vocab", "data"])
def test_a_file_without_end_is_not_read_to_its_end(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [argument.replace("PATH", "/dev/zero") for argument in COMMANDS[command]]
    monkeypatch.setattr(sys, "argv", ["covid-ctl", *arguments])
    with pytest.raises(SystemExit):
        main()
    assert "/dev/zero: it has more than the" in capsys.readouterr().err


def test_a_folder_too_deep_to_be_named_is_told(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    here = os.open(corpus, os.O_RDONLY)
    for _ in range(30):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    with pytest.raises(ConfigurationError, match=r"it cannot be read \(file name too long\)"):
        check_links(corpus, str(corpus))
