"""The commands of README and docs/ work as they stand there.

README's in a bucket of their own; of docs/ the tutorial's first, then each page's in the bucket that it left.
"""

import re
from pathlib import Path

import pytest

from tests.e2e.documents import furnish, run_blocks

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
TUTORIAL = DOCS / "tutorials" / "laptop.md"


@pytest.mark.slow
def test_readme_prints_what_it_shows(tmp_path: Path) -> None:
    """Its Python is run by tests/in_transformers."""
    assert run_blocks(ROOT / "README.md", furnish(tmp_path)) >= 7


@pytest.mark.slow
def test_every_command_works(tmp_path: Path) -> None:
    place = furnish(tmp_path)
    assert run_blocks(TUTORIAL, place) >= 6
    ran = {page.name: run_blocks(page, place) for page in pages() if page != TUTORIAL}
    assert sum(ran.values()) >= 15, ran


def pages() -> list[Path]:
    """Those with commands, in the order of the index."""
    named = re.findall(r"^((?:tutorials|how-to|explanation)/[\w-]+)$", (DOCS / "index.md").read_text(), re.MULTILINE)
    return [DOCS / f"{name}.md" for name in named]
