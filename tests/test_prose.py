"""Docstrings read as sentences: none begins in the middle of one."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = [path for folder in ("jobs", "controller") for path in sorted((ROOT / folder).rglob("*.py"))]
RIDDLE = re.compile(r'"""(Of|Whose|By which|That which|Of which) ')


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_docstring_begins_in_the_middle_of_a_sentence(path: Path) -> None:
    assert not [line for line in path.read_text().splitlines() if RIDDLE.search(line)]
