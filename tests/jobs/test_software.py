"""Records name the code that wrote them: its version and commit, from a checkout or from an image's file."""

import subprocess
from importlib import resources
from pathlib import Path

import pytest

from jobs import software

HERE = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    software.this_software.cache_clear()


def test_a_checkout_names_its_commit() -> None:
    if not (HERE / ".git").exists():
        pytest.skip("these sources are no checkout")
    command = ["git", "-C", str(HERE), "rev-parse", "HEAD"]
    head = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert software.this_software()["commit"].removesuffix("-dirty") == head


@pytest.mark.parametrize("written", ["0123abcd\n", None])
def test_an_image_names_the_commit_that_it_was_built_of(
    written: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if written is not None:
        (tmp_path / software.COMMIT_FILE).write_text(written)
    monkeypatch.setattr(resources, "files", lambda _: tmp_path)
    assert software.this_software().get("commit") == (written and written.strip())
