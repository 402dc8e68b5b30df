"""Documents survive a round trip, fall into even shards, and give their sections' sentences in order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cleaning.clean_document import PARAGRAPH_RULES, SENTENCE_RULES, document_sentences
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.encoding import decoded, encoded
from jobs.corpus.documents.paragraph import Paragraph, plain
from jobs.corpus.documents.shards import DocumentShards, read_documents

PAPER = Document(
    cord_uid="u1",
    title="A title of β",
    abstract=plain(["First part. Second part.", " "]),
    body=plain(
        [
            "One &lt; two. We show it in Fig. 2.\nThird part.",
            "author/funder. All rights reserved. No reuse allowed without permission.",
        ]
    ),
    parse="pdf_json",
    license="cc-by",
    publish_time="2020-04-01",
)

_TEXT = st.text(max_size=30)
_SPANS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=2).map(tuple)
_PARAGRAPHS = st.lists(st.builds(Paragraph, _TEXT, _SPANS, _SPANS, st.integers(0, 3)), max_size=3).map(tuple)


@given(st.builds(Document, _TEXT, _TEXT, _PARAGRAPHS, _PARAGRAPHS, st.sampled_from(["pmc_json", ""]), _TEXT, _TEXT))
def test_a_document_is_one_line_and_comes_back_equal(document: Document) -> None:
    line = encoded(document)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decoded(line) == document


def test_sentences_are_clean_and_in_reading_order() -> None:
    assert document_sentences(PAPER, ["body", "title", "abstract"]) == [
        "A title of β",
        "First part.",
        "Second part.",
        "One < two.",
        "We show it in Fig. 2.",
        "Third part.",
    ]


@pytest.mark.parametrize(
    ("sections", "expected"), [(["title"], ["A title of β"]), (["abstract"], ["First part.", "Second part."]), ([], [])]
)
def test_only_the_chosen_sections_are_read(sections: list[str], expected: list[str]) -> None:
    assert document_sentences(PAPER, sections) == expected


def test_sentences_without_a_letter_are_left_out() -> None:
    document = Document("u", "", plain(["53", "Titres rose. ( ) . 12 13.", "β-actin"]), (), "", "", "")
    assert document_sentences(document, ["abstract"]) == ["Titres rose. ( ) .", "β-actin"]


def test_changes_are_counted_by_rule_and_a_repeated_sentence_is_kept_once() -> None:
    header = "Running header of the paper."
    body = (
        Paragraph("The virus spread [1].", ((18, 21),), (), 2),
        *plain([f"{header} Titres rose (Fig. 2).", f"{header} P &lt; 0.05 was found.", "q q q q q q", "word; " * 300]),
    )
    document = Document("u", "", (), body, "", "", "")
    changed: Counter[str] = Counter()
    sentences = document_sentences(document, ["body"], changed)
    assert sentences[:4] == ["The virus spread.", header, "Titres rose.", "P < 0.05 was found."]
    assert {name: count for name, count in changed.items() if count} == {
        "paragraphs": 5,
        "spans": 1,
        "ignored_spans": 2,
        "references": 1,
        "html": 1,
        "space": 1,
        "repeated": 1,
        "junk": 1,
        "giant": 1,
    }
    assert set(changed) <= {"paragraphs", *PARAGRAPH_RULES, *SENTENCE_RULES, "ignored_spans"}


def test_an_unknown_section_is_an_error() -> None:
    with pytest.raises(KeyError, match="appendix"):
        document_sentences(PAPER, ["title", "appendix"])


def test_each_document_goes_to_the_lightest_shard_and_the_first_of_equals(tmp_path: Path) -> None:
    paths = [tmp_path / f"{index}.gz" for index in range(3)]
    sizes = [50, 10, 10, 30, 5, 30]
    with DocumentShards(paths) as shards:
        for number, size in enumerate(sizes):
            shards.write(Document(str(number), "", (), plain(["x" * size]), "", "", ""))
    assert [[d.cord_uid for d in read_documents(path)] for path in paths] == [["0"], ["1", "3"], ["2", "4", "5"]]


def test_equal_documents_give_equal_files(tmp_path: Path) -> None:
    """More than are packed at a time."""
    documents = [replace(PAPER, cord_uid=str(number)) for number in range(2000)]
    for name in ("first", "second"):
        with DocumentShards([tmp_path / name]) as shards:
            for document in documents:
                shards.write(document)
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()
    assert list(read_documents(tmp_path / "first")) == documents


def test_weight_is_counted_in_bytes() -> None:
    assert Document("u", "β", plain(["αβ"]), (), "", "", "").text_bytes == 6
