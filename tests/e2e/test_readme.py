"""The README's commands work as they stand there, in its order, and print what it shows."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from jobs.vocabulary import SPECIALS
from tests.e2e.command import COVID_CTL, environment
from tests.e2e.corpora import write_corpus

README = (Path(__file__).parents[2] / "README.md").read_text()
BLOCKS = re.findall(r"```console\n(.*?)```", README, re.DOTALL)
"""Its Python is run by tests/in_transformers."""
VARIES = re.compile(
    r"done in \d+:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?|[\d.]+(?:e-\d+)?(?=\)?$| ->|%|,)|[0-9a-f]{8}$"
)
"""Times everywhere; scores and checksums of trained weights from one kind of machine to another."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with what the README takes for granted: a corpus and a vocabulary."""
    directory = tmp_path_factory.mktemp("readme")
    write_corpus(directory / "cord19", documents=40)
    letters = [chr(code) for code in range(33, 127)]
    (directory / "vocab.txt").write_text("\n".join([*SPECIALS, *letters, *(f"##{letter}" for letter in letters), ""]))
    return directory


def test_every_command_does_what_is_shown(place: Path) -> None:
    ran = 0
    for text in BLOCKS:
        for command, shown in commands(text):
            if command.startswith("make "):
                continue  # what they run is here, and this test among it
            ran += 1
            check(shown, run(command, place), command)
    assert ran >= 10


def commands(block: str) -> list[tuple[str, list[str]]]:
    """Each ``$`` line of a block with the lines shown below it."""
    found: list[tuple[str, list[str]]] = []
    for line in block.splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ ").split("  #")[0], []))
        else:
            found[-1][1].append(line)
    return found


def run(command: str, place: Path) -> list[str]:
    name, *rest = shlex.split(command)
    assert name == "covid-ctl"
    arguments = [str(COVID_CTL), *rest]
    own = environment(None) | {"XDG_CACHE_HOME": str(place / "cache")}
    done = subprocess.run(arguments, cwd=place, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout.splitlines()


def check(shown: list[str], printed: list[str], command: str) -> None:
    """Every line shown was printed, in order; ``...`` and progress in between."""
    lines = iter([VARIES.sub("~", line.rstrip()) for line in printed])
    for line in shown:
        wanted = VARIES.sub("~", line.rstrip())
        assert line == "..." or wanted in lines, f"{command} did not print: {line}\nbut:\n" + "\n".join(printed)
