"""The built-in sample: the same everywhere, large enough to learn from, with the dataset's own difficulties."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from jobs.corpus.cleaning.clean_document import document_sentences
from jobs.corpus.cord19.corpus import Cord19, open_cord19
from jobs.corpus.cord19.layouts import COLUMNS
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.format import Form
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.screening.exact_duplicates import ExactDuplicates
from jobs.files.place import locate
from jobs.sample.sample import sample_fingerprint, write_sample

GOLDEN = ("sample-1", "5a4bfa2c91f6f0e6")


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sample")
    write_sample(root)
    return root


@pytest.fixture(scope="module")
def opened(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Cord19:
    return open_cord19(locate(str(directory)), Form.RELEASE, Workspace(tmp_path_factory.mktemp("scratch")))


@pytest.fixture(scope="module")
def documents(opened: Cord19) -> list[Document]:
    return [outcome.document for outcome in opened.outcomes() if outcome.document]


def test_its_bytes_are_those_of_its_version(directory: Path) -> None:
    digest = hashlib.sha256()
    for file in sorted(path for path in directory.rglob("*") if path.is_file()):
        digest.update(f"{file.relative_to(directory).as_posix()} {file.stat().st_size}\n".encode() + file.read_bytes())
    assert (sample_fingerprint(), digest.hexdigest()[:16]) == GOLDEN, (
        "the sample corpus has changed: raise SAMPLE_VERSION in jobs/sample/sample.py, then record both here"
    )


def test_it_has_the_final_releases_columns(directory: Path) -> None:
    with (directory / "metadata.csv").open(newline="", encoding="utf-8") as file:
        assert next(csv.reader(file)) == COLUMNS.split(",")


def test_it_is_large_enough_to_learn_from(documents: list[Document]) -> None:
    sentences = [document_sentences(document, ["title", "abstract", "body"]) for document in documents]
    full = [len(paper) for paper, document in zip(sentences, documents, strict=True) if document.body]
    assert 1_500_000 < sum(document.text_bytes for document in documents) < 2_000_000
    assert 25 <= min(full) <= 65 <= max(full) <= 90
    assert len({sentence for paper in sentences for sentence in paper}) > 10_000


def test_every_outcome_occurs(opened: Cord19) -> None:
    duplicates = ExactDuplicates()
    outcomes: Counter[str] = Counter()
    for outcome in opened.outcomes():
        if outcome.document is None:
            outcomes[outcome.dropped or "quarantined"] += 1
        elif duplicates.seen_before(outcome.document):
            outcomes["duplicate"] += 1
        else:
            outcomes[outcome.document.parse or "abstract only"] += 1
    assert outcomes == {
        "pmc_json": 140,
        "pdf_json": 101,
        "abstract only": 41,
        "no_text": 16,
        "duplicate": 1,
        "quarantined": 1,
    }
    assert opened.metadata.rows == 310
    assert opened.metadata.merged == 10


def test_every_difficulty_occurs(directory: Path, opened: Cord19) -> None:
    papers = list(opened.metadata.papers())
    assert any(len(paper.pdf_json) == 2 for paper in papers)
    assert any(paper.pmc_json and not paper.pdf_json for paper in papers)
    assert any(paper.pmc_json and paper.pdf_json for paper in papers)
    assert any(paper.title and not (paper.abstract or paper.pdf_json or paper.pmc_json) for paper in papers)
    missing = [path for paper in papers for path in paper.pdf_json if not (directory / path).exists()]
    assert len(missing) == 1
    reasons = sorted(entry.reason for outcome in opened.outcomes() for entry in outcome.quarantine)
    assert reasons == [
        "no such file, though metadata.csv names it",
        "not JSON (unexpected end of data)",
    ]
    assert opened.listings()["unreferenced_parses.txt"] == []


def test_parses_have_the_datasets_schema(directory: Path) -> None:
    common = {"paper_id", "metadata", "body_text", "bib_entries", "ref_entries", "back_matter"}
    for kind, keys in {"pdf_json": common | {"abstract"}, "pmc_json": common}.items():
        good = 0
        for file in (directory / "document_parses" / kind).iterdir():
            try:
                parse = json.loads(file.read_bytes())
            except ValueError:
                continue
            assert set(parse) == keys
            assert all(set(p) == {"text", "cite_spans", "ref_spans", "section", "eq_spans"} for p in parse["body_text"])
            good += 1
        assert good > 100


def test_no_preprint_notice_survives_cleaning(documents: list[Document]) -> None:
    raw = sum("preprint (which was" in paragraph.text for document in documents for paragraph in document.body)
    assert raw > 50
    for document in documents:
        for sentence in document_sentences(document, ["body"]):
            assert not any(mark in sentence for mark in ("Rxiv", "author/funder", "copyright", "doi.org", "reuse"))
