"""The README's commands work as they stand there, in its order, and print what it shows."""

from pathlib import Path

from tests.e2e.documents import furnish, run_blocks

README = Path(__file__).parents[2] / "README.md"
"""Its Python is run by tests/in_transformers."""


def test_every_command_does_what_is_shown(tmp_path: Path) -> None:
    assert run_blocks(README, furnish(tmp_path)) >= 7
