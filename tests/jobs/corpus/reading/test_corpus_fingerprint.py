"""The fingerprint follows metadata.csv's bytes and the parse files' paths and sizes, and nothing else."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from jobs.corpus.reading.fingerprint import fingerprint
from jobs.errors import ConfigurationError
from jobs.files.place import locate


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    root = tmp_path / "corpus"
    (root / "document_parses/pdf_json").mkdir(parents=True)
    (root / "metadata.csv").write_bytes(b"cord_uid\nu1\n")
    (root / "document_parses/pdf_json/a.json").write_bytes(b"{}")
    return root


def read(directory: Path) -> str:
    return fingerprint(locate(str(directory)))


def test_the_same_corpus_has_the_same_fingerprint_wherever_it_lies(directory: Path, tmp_path: Path) -> None:
    before = read(directory)
    spelled_out = b"cord_uid\nu1\n" + b"\0document_parses/pdf_json/a.json\x002"
    assert before == hashlib.sha256(spelled_out).hexdigest()
    assert read(directory.rename(tmp_path / "moved")) == before


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("metadata.csv", b"cord_uid\nu2\n"),
        ("document_parses/pdf_json/a.json", b"{ }"),
        ("document_parses/pdf_json/b.json", b"{}"),
        ("document_parses/pmc_json/a.json", b""),
    ],
)
def test_a_change_is_seen(directory: Path, path: str, data: bytes) -> None:
    before = read(directory)
    (directory / path).parent.mkdir(exist_ok=True)
    (directory / path).write_bytes(data)
    assert read(directory) != before


def test_a_lost_parse_is_seen_and_a_file_beside_the_corpus_is_not(directory: Path) -> None:
    before = read(directory)
    (directory / "changelog").write_bytes(b"x")
    assert read(directory) == before
    (directory / "document_parses/pdf_json/a.json").unlink()
    assert read(directory) != before


def test_lost_metadata_is_seen_and_a_directory_without_anything_is_refused(directory: Path) -> None:
    before = read(directory)
    (directory / "metadata.csv").unlink()
    assert read(directory) != before
    (directory / "document_parses/pdf_json/a.json").unlink()
    with pytest.raises(ConfigurationError, match="there is nothing in it that is a corpus"):
        read(directory)


def test_the_controllers_imports_stay_light() -> None:
    program = (
        "import sys, jobs.corpus.reading.fingerprint, jobs.sample.sample\n"
        "heavy = 'orjson', 'numpy', 'tensorflow', 'jobs.corpus.cord19.corpus'; "
        "print([name for name in heavy if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
