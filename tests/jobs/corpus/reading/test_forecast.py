"""What a dry run tells of a corpus: from its listing, and None where there is no listing."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from jobs.corpus.documents.balance import Spread
from jobs.corpus.documents.size_limit import MAX_DOCUMENT_BYTES
from jobs.corpus.reading.shard_forecast import PDF_TEXT, PMC_TEXT, forecast
from jobs.errors import ConfigurationError
from jobs.files.place import locate
from tests.jobs.corpus.packing import ai2_release, kaggle_zip

if TYPE_CHECKING:
    from tests.jobs.corpus.conftest import Corpus


def told(path: Path, scratch: Path, shards: int = 2) -> Spread | None:
    (scratch / "copy").mkdir(exist_ok=True)
    return forecast(locate(str(path)), shards, scratch / "copy")


@pytest.fixture
def release(corpus: Corpus) -> Corpus:
    """Three documents, and a title without a text."""
    pdf, pmc, longer = (corpus.file(path, b" " * 1000) for path in ("pdf_json/a.json", "pmc_json/a.xml.json", "x.json"))
    corpus.row("u1", title="T" * 10, pdf_json_files=f"{pdf}; {longer}", pmc_json_files=pmc)
    corpus.row("u2", abstract="é" * 50).row("u3", title="A title alone")
    corpus.row("u4", pdf_json_files=f"document_parses/gone.json; {pdf}")
    corpus.write()
    return corpus


def test_a_document_weighs_its_title_its_abstract_and_a_share_of_its_best_parse(
    release: Corpus, tmp_path: Path
) -> None:
    found = told(release.root, tmp_path)
    sizes = [10 + round(1000 * PMC_TEXT), 100, round(1000 * PDF_TEXT)]
    assert found == Spread(2, 3, min(sizes[0], sizes[1] + sizes[2]), sum(sizes) / 2, max(sizes[0], 320), max(sizes))


def test_a_zip_lists_what_its_directory_would(release: Corpus, tmp_path: Path) -> None:
    (tmp_path / "release.zip").write_bytes(kaggle_zip(release.root))
    assert told(tmp_path / "release.zip", tmp_path) == told(release.root, tmp_path)


def test_what_is_not_listed_is_not_guessed(release: Corpus, tmp_path: Path) -> None:
    (tmp_path / "release.tar.gz").write_bytes(ai2_release(release.root))
    (tmp_path / "own.txt").write_text("A text.\n\nAnother.\n")
    with zipfile.ZipFile(tmp_path / "bare.zip", "w") as bare:
        bare.writestr("a.json", "{}")
    (tmp_path / "parses").mkdir()
    (tmp_path / "parses/a.json").write_text("{}")
    for name in ("release.tar.gz", "own.txt", "bare.zip", "parses"):
        assert told(tmp_path / name, tmp_path) is None


def test_a_damaged_zip_is_an_error_with_its_name(release: Corpus, tmp_path: Path) -> None:
    (tmp_path / "release.zip").write_bytes(kaggle_zip(release.root)[:-30])
    with pytest.raises(ConfigurationError, match=r"release\.zip: truncated or damaged: the directory at the end"):
        told(tmp_path / "release.zip", tmp_path)


def zip_of_metadata(path: Path, metadata: bytes) -> bytearray:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("metadata.csv", metadata)
        archive.writestr("document_parses/pdf_json/a.json", "{}")
    return bytearray(path.read_bytes())


@pytest.mark.parametrize(("place", "value"), [(b"PK\x01\x02\x14\x03", 1), (b"metadata.csv", 0xFF)])
def test_a_metadata_that_cannot_be_unpacked_is_an_error(tmp_path: Path, place: bytes, value: int) -> None:
    """Encrypted by its flag in the zip's directory; or its first packed bytes damaged."""
    packed = zip_of_metadata(tmp_path / "release.zip", b"cord_uid,title\nu1,A title\n" * 50)
    at = packed.index(place[:4]) + 8 if value == 1 else packed.index(place) + len(place)
    packed[at : at + 1] = bytes([value])
    (tmp_path / "release.zip").write_bytes(packed)
    with pytest.raises(ConfigurationError, match=r"release\.zip: .*metadata\.csv(: .* it is encrypted| not unpacked)"):
        told(tmp_path / "release.zip", tmp_path)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.files.limits.EXPANSION_SLACK", 1000)
    zip_of_metadata(tmp_path / "release.zip", b"cord_uid\n" + b"u" * 1_000_000)
    with pytest.raises(ConfigurationError, match="zip bomb"):
        told(tmp_path / "release.zip", tmp_path)
    assert not (tmp_path / "copy/metadata.csv").exists()


def test_of_two_members_of_one_name_the_first_counts_as_it_does_for_ingest(release: Corpus, tmp_path: Path) -> None:
    packed = tmp_path / "release.zip"
    packed.write_bytes(kaggle_zip(release.root))
    with zipfile.ZipFile(packed, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("document_parses/pdf_json/a.json", b" " * 9000)
    assert told(packed, tmp_path) == told(release.root, tmp_path)


def test_a_parse_that_is_too_large_to_be_read_weighs_nothing(release: Corpus, tmp_path: Path) -> None:
    before = told(release.root, tmp_path)
    with (release.root / "document_parses/x.json").open("ab") as file:
        file.truncate(MAX_DOCUMENT_BYTES + 1)
    assert told(release.root, tmp_path) == before
