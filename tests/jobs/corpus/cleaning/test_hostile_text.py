"""No document makes the time that cleaning takes grow faster than its text."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from jobs.corpus.cleaning.clean_document import document_sentences
from jobs.corpus.documents.document import Document, Parse
from jobs.corpus.documents.paragraph import Paragraph, plain
from tests.patterns.every_pattern import every_pattern
from tests.patterns.growth import grows_too_fast
from tests.patterns.hostile import Hostile, hostile_texts

SHORT, LONG, FAST = 12_000, 96_000, 0.08
"""Eight times the text: quadratic work takes 64 times as long. All rules together take some 5 ms for the first."""
MOST_TIMES = 24.0


def clean(paragraphs: Sequence[Paragraph], parse: Parse = "pdf_json") -> None:
    document_sentences(Document("u", "", (), tuple(paragraphs), parse, "", ""), ["body"])


def assert_linear(paragraphs: Callable[[int], Sequence[Paragraph]]) -> None:
    parses: tuple[Parse, ...] = ("pdf_json", "pmc_json")
    for parse in parses:

        def cleaned(length: int, parse: Parse = parse) -> None:
            clean(paragraphs(length), parse)

        grown = grows_too_fast(cleaned, SHORT, LONG, FAST, MOST_TIMES)
        assert not grown


UNITS = (
    ".", '."', ". ", "(", "[1] ", "1 ", "&", "a b ", "\\begin{document}", "\\documentclass ", "a@", "anti- ", "(Fig. 1",
    "x" * 50 + " ", "1, ", "9,10-", "( ", "[1]) ", "HK2000, ", "(A 2000; ", "10/", "https://doi.org/10. ", "A. ",
    "\u0301", "\u0323\u0301", "\ufdfa", "\ue06d", "Fig. 1, ", "see ", "Elsevier hereby grants permission ", "12 a ",
    "- ", "e.g. ", "PMC ", " " * 7 + "x", "et al., ", "\x00\x01\x02",
    "cells The ran ", "( The ran ", "ends. of it", "Rxiv preprint 2 ", "ab-cdefgh ", "a-", "ab-cdefgh abcdefgh ",
    "kept 120 the ",
)  # fmt: skip


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize(
    ("before", "after"),
    [("", ""), ("peer review (", "!"), ("(A and ", "10, 2019)"), ("[1]", " [2]"), ("PMC Elsevier ", "\\end{document}")],
    ids=["alone", "after a notice", "among authors", "among citations", "among publishers"],
)
def test_a_paragraph_of_one_thing(before: str, unit: str, after: str) -> None:
    assert_linear(lambda length: plain([before + unit * (length // len(unit)) + after]))


@pytest.mark.parametrize("unit", UNITS)
def test_every_time_marked_as_a_citation(unit: str) -> None:
    def marked(length: int) -> list[Paragraph]:
        times = length // (len(unit) + 4)
        spans = tuple((at * (len(unit) + 4) + len(unit), at * (len(unit) + 4) + len(unit) + 2) for at in range(times))
        return [Paragraph(f"{unit}12, " * times, spans), Paragraph(f"({unit}12 " * 9, spans[:1])]

    assert_linear(marked)


@pytest.mark.parametrize("unit", UNITS)
def test_one_citation_after_all_the_rest(unit: str) -> None:
    def one(length: int) -> list[Paragraph]:
        text = unit * (length // len(unit))
        return [Paragraph(f"{text} 12) 13", ((len(text) + 1, len(text) + 3), (len(text) + 5, len(text) + 7)))]

    assert_linear(one)


@pytest.mark.parametrize("text", ["and the cells that were in the open", "the viral 12 rna of", "1", "(", "a- "])
def test_many_paragraphs_that_end_open(text: str) -> None:
    assert_linear(lambda length: plain([text] * (length // len(text))))


def test_as_many_torn_words_as_there_are_words() -> None:
    def torn(length: int) -> tuple[Paragraph, ...]:
        return plain(
            [" ".join(f"anti- x{'abcdefghij'[at % 10]}{at:b}".translate(_LETTERS) for at in range(length // 20))]
        )

    assert_linear(torn)


@pytest.mark.parametrize("times", [1, 3])
def test_as_many_lost_hyphens_as_there_are_words(times: int) -> None:
    def lost(length: int) -> tuple[Paragraph, ...]:
        words = [f"{at:b}".translate(_LETTERS) for at in range(length // 60 // times)]
        return plain([f"abcd-{word} abcd-{word} abcd{word}" for word in words] * times)

    assert_linear(lost)


_LETTERS = {ord("0"): "o", ord("1"): "i"}


def test_what_is_hard_for_one_rule_is_not_for_all_together() -> None:
    for found in every_pattern():
        if "corpus.cleaning" in found.where and isinstance(found.pattern.pattern, str):
            for hostile in list(hostile_texts(found.pattern))[::25]:

                def grown(length: int, hostile: Hostile = hostile) -> Sequence[Paragraph]:
                    return plain([hostile.text(length)])

                assert_linear(grown)
