"""What the documents name is there: files, folders and make's targets."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "tests/README.md")
FOLDERS = ("jobs", "controller", "docs", "tests", "images", "k8s", ".ci", ".github")
PATH = re.compile(r"(?:\.?\w[\w-]*/)*\w[\w-]*\.(?:py|toml|lock)|(?:\w[\w-]*/)*\w[\w-]*/")
TARGET = re.compile(r"`make ([a-z][a-z-]*)")
OF_OTHERS = {
    "bucket/",
    "edition-2/",
    "covid-ctl.toml",
    "create_pretraining_data.py",
    "comm_use_subset/",
    "model/",
    "tensorflow/",
}


def there() -> set[str]:
    """Every path of ours, and what remains of it without its leading folders."""
    paths = [path for path in ROOT.iterdir() if path.is_file()]
    paths += [path for folder in FOLDERS for path in (ROOT / folder, *(ROOT / folder).rglob("*"))]
    names = {path.relative_to(ROOT).as_posix() + "/" * path.is_dir() for path in paths}
    return {"/".join(name.split("/")[depth:]) for name in names for depth in range(name.rstrip("/").count("/") + 1)}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_paths(document: str) -> None:
    spans = re.findall(r"`([^`\n]+)`", (ROOT / document).read_text())
    named = {span for span in spans if PATH.fullmatch(span) and "KIND" not in span} - OF_OTHERS
    assert named - there() == set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_targets_of_make(document: str) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(TARGET.findall((ROOT / document).read_text())) <= targets
