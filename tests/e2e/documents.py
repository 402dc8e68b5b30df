"""Runs the ``console`` blocks of a document as they stand there, and compares what they print with what is shown."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path

from jobs.vocabulary import SPECIALS
from tests.e2e.command import COVID_CTL, environment
from tests.e2e.corpora import write_corpus

LONGEST = 1200.0
"""Seconds a command may take; on two idle cores the demo takes three minutes."""
VARIES = re.compile(
    r"done in \d+:\d\d|\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d)?|[\d.]+(?:e-\d+)?(?=\)?$| ->|%|,)|[0-9a-f]{8}$"
)
"""Times everywhere; scores and checksums of trained weights from one kind of machine to another."""


def furnish(directory: Path) -> Path:
    """Put there what the documents take for granted: a corpus and a vocabulary."""
    write_corpus(directory / "cord19", documents=40)
    letters = [chr(code) for code in range(33, 127)]
    (directory / "vocab.txt").write_text("\n".join([*SPECIALS, *letters, *(f"##{letter}" for letter in letters), ""]))
    return directory


def run_blocks(document: Path, place: Path, printed: Mapping[str, list[str]] | None = None) -> int:
    """Run every command of a document's ``console`` blocks in order; the number of commands.

    ``printed`` is what those that have run already printed.
    """
    known = printed or {}
    ran = 0
    for command, shown in commands_of(document):
        ran += 1
        check(shown, known.get(command) or run(command, place), command)
    return ran


def commands_of(document: Path) -> list[tuple[str, list[str]]]:
    """Each command of a document's ``console`` blocks with the lines shown below it.

    Without those of ``make``: what they run is here, and these tests among it.
    """
    blocks = re.findall(r"```console\n(.*?)```", document.read_text(), re.DOTALL)
    return [found for block in blocks for found in commands(block) if not found[0].startswith("make ")]


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
    done = subprocess.run(arguments, cwd=place, env=own, capture_output=True, text=True, check=False, timeout=LONGEST)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout.splitlines()


def check(shown: list[str], printed: list[str], command: str) -> None:
    """Every line shown was printed, in order; ``...`` and progress in between."""
    lines = iter([VARIES.sub("~", line.rstrip()) for line in printed])
    for line in shown:
        wanted = VARIES.sub("~", line.rstrip())
        assert line == "..." or wanted in lines, f"{command} did not print: {line}\nbut:\n" + "\n".join(printed)
