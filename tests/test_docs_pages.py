"""The pages of docs/: links lead somewhere, every block is run or says why not, the reference has all that there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import reference_pages

from controller.cli.main import cli
from controller.cli.step_commands import step_commands
from jobs.recipe import naming
from jobs.spec import Kind

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(
    [
        *DOCS.glob("*.md"),
        *(page for folder in ("tutorials", "how-to", "explanation") for page in (DOCS / folder).glob("*.md")),
    ]
)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)#\s]+)[^)]*\)")
EXTERNAL = re.compile(r"https://(?:[a-z0-9-]+\.)+[a-z]{2,}(?:/[\w./~%?=&+-]*)?")
BLOCK = re.compile(r"^( *)```(\S*)", re.MULTILINE)
MARK = re.compile(r"<!-- not run: \S.* -->\s*$")
SHOWN = ("text", "{toctree}", "{include}", "console")


@pytest.mark.parametrize("page", [ROOT / "README.md", *PAGES], ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path, pages: dict[str, str]) -> None:
    """The pages of the reference are written from the code when the site is built."""
    made = {DOCS / "reference" / f"{name}.md" for name in pages}
    for target in LINK.findall(page.read_text()):
        if "://" in target:
            assert EXTERNAL.fullmatch(target), target
        else:
            place = (page.parent / target).resolve()
            assert place in made or place.exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_block_is_run_or_says_why_not(page: Path) -> None:
    """``console`` blocks are run by tests/e2e/test_docs.py."""
    text = page.read_text()
    openings = list(BLOCK.finditer(text))[::2]
    for opening in openings:
        if opening[2] not in SHOWN:
            assert MARK.search(text[: opening.start()]), f"{page.name}: {text[opening.start() :][:80]}"


def test_the_sections_that_were_promised_are_there_under_their_names() -> None:
    titles = {page.read_text().splitlines()[0] for page in PAGES}
    promised = ("Data preprocessing", "Train your own model", "Use the model, how to produce embeddings")
    assert {f"# {title}" for title in promised} < titles


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference_pages.pages()


def test_the_reference_has_every_command_and_setting(pages: dict[str, str]) -> None:
    for name in cli.commands:
        assert f"\n## {name}\n" in pages["commands"]
    assert all(f"\n## submit {name}\n" in pages["commands"] for name in step_commands())
    for row in naming.NAMING:
        assert all(f"| `{name}` |" in pages["recipe"] for name in row.fields)
    assert "required" in pages["profile"]
    assert "`COVID_CTL_TRAINER__TPU`" in pages["environment"]
    assert "| 46 | `InputNotCompleteError` |" in pages["exit-codes"]
    assert "ledger/<step>/00003.json" in pages["bucket"]
    assert "| `near_duplicate` | preprocess |" in pages["drop-reasons"]
    assert str(Kind.EXPORT) in pages["recipe"]


def test_every_field_and_state_of_the_json_has_a_meaning(pages: dict[str, str]) -> None:
    rows = [line for line in pages["json"].splitlines() if line.startswith("| `")]
    assert len(rows) > 100
    assert not [row for row in rows if row.split("|")[-2].strip() == ""]


def test_the_index_has_every_page(pages: dict[str, str]) -> None:
    index = (DOCS / "index.md").read_text().split()
    named = {f"reference/{name}" for name in pages}
    named |= {page.relative_to(DOCS).with_suffix("").as_posix() for page in PAGES if page.parent != DOCS}
    assert named <= set(index)
