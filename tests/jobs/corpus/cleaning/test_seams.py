"""Sentences that a parse set together are two again; what only looks so stays one."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.corpus.cleaning.clean_document import document_sentences
from jobs.corpus.cleaning.seams import part_sentences
from jobs.corpus.documents.document import Document, Parse
from jobs.corpus.documents.paragraph import plain


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("How bats met these animals is still unclear In summary, they did. It is so.", 1),
        ("The samples that were kept cold (at night) We thawed them all.", 1),
        ("We saw it in all of the older animals ( This might suggest an effect.", 1),
        ("It grew. Two of the five cultures were lost However, the others grew.", 1),
        ("The first day was warm and so were the nights There were two of them.", 1),
    ],
)
def test_a_sentence_that_lost_its_end_ends_before_one_that_begins(text: str, parts: int) -> None:
    parted = part_sentences([text, "Another."])
    assert len(parted) == parts + 2
    assert " ".join(parted) == f"{text} Another."


@pytest.mark.parametrize(
    "heading", ["Discussion", "Results and discussion", "Cell culture and transfection", "Findings"]
)
def test_a_heading_before_its_sentence_goes(heading: str) -> None:
    text = "The cells were grown overnight. They were counted."
    assert part_sentences([f"{heading} {text}"]) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "They were infected with influenza A virus and influenza B virus.",
        "It was seen in the First and in the Second year of the study.",
        "Screening of Patients During the outbreak of the year before",
        "The assay (described in the chapter In vitro assays) was used.",
        "It was published by the journal The Lancet, and in Nature.",
        "The hypothesis: The virus spreads through the air.",
        "We asked them. The answer was no.",
        "They said that “We do not know it”, and left.",
        "The WHO and the CDC of Wuhan. In all they agreed.",
    ],
)
def test_capitals_in_a_sentence_stay(text: str) -> None:
    assert part_sentences([text]) == [text]


KNOWN = "These three infections, and the lines of these patients, were seen there."


def sentences(*paragraphs: str, parse: Parse = "pdf_json") -> tuple[list[str], Counter[str]]:
    changed: Counter[str] = Counter()
    document = Document("u", "", (), plain(paragraphs), parse, "", "")
    return document_sentences(document, ["body"], changed), changed


def test_a_half_behind_a_stop_goes_and_is_counted() -> None:
    text = "Some had worse infections. public health impact in other countries. It was large."
    kept, changed = sentences(text.replace("infections.", "lines of infections."), KNOWN + " infections were few.")
    assert kept[:2] == ["Some had worse lines of infections.", "It was large."]
    assert (changed["seams"], changed["fragment"]) == (1, 1)
    assert sentences(text, KNOWN, parse="pmc_json")[0][0].startswith("Some had worse infections. public")


@pytest.mark.parametrize(
    "text",
    [
        "The strain was Clavibacter michiganensis subsp. nebraskensis from corn.",
        "It rose in all patients. the trend of the cities was the same.",
        "It was given to patients. (see below) and so on.",
        "It was shown by Chen et al. using three patients.",
        "It ended in the lines. p53 was not among them.",
        "We counted the lines of these patients. featureCounts takes a file of them.",
    ],
)
def test_what_may_be_a_sentence_or_an_abbreviation_stays(text: str) -> None:
    assert part_sentences([text, KNOWN]) == [text, KNOWN]


def test_an_author_who_writes_sentences_in_small_letters_keeps_them() -> None:
    text = "It was seen in patients. {} sentences were of this kind."
    small = [text.format(word) for word in ("several", "many", "four", "most")]
    assert part_sentences([*small, KNOWN]) == [*small, KNOWN]
    assert len(part_sentences([*small[2:], KNOWN])) == 5


OPENINGS = "In The We However This For"
SIGNS = [" ", " ", " ", " ", ". ", ".", ")", "(", "]", ", ", "12", "\n"]
MORE = ["of", "the", "the", "cells", "Cells", "é", "中a", "p53", "ab", "abcd", "In, ", "A"]
PIECES = st.lists(st.sampled_from([*OPENINGS.split(), *MORE, *SIGNS]), max_size=30).map("".join)


def seams(text: str) -> list[int]:
    """Where a sentence may begin behind one without its end, letter by letter."""

    def is_last(left: str) -> bool:
        if left.endswith("("):
            return len(left) > 1
        left = left[:-1] if left.endswith((")", "]")) else left
        word = re.search("[A-Za-z]*$", left)
        assert word
        if not re.search("[a-z]{3}$", word[0]):
            return False
        return word[0][0].islower() or word.start() == 0 or (word.start() > 2 and left[word.start() - 2 :][:2] == ". ")

    found = []
    for blank in range(1, len(text)):
        opening = re.compile("([A-Z][a-z]*),? [a-z]{2}").match(text, blank + 1)
        if text[blank] == " " and opening and opening[1] in OPENINGS.split() and is_last(text[:blank]):
            found.append(blank + 1)
    return found


@given(PIECES)
@example("abc " * 40 + "In the " * 40)
@example("é" * 61 + "abc In the end")
@example("Cells In the. Cells The cells")
def test_the_compiled_search_finds_what_the_rule_says(text: str) -> None:
    text = "Where there are many words and no stop " + text  # so that nothing is a heading
    places = [0, *seams(text), len(text)]
    expected = [text[start:end].rstrip() for start, end in pairwise(places)]
    if not text.isprintable() or re.search(r"[a-z]{4}[)\]]?\. [a-z]{2}", text):
        return  # halves behind stops are another rule's
    assert part_sentences([text]) == expected or part_sentences([text]) == [text]
    assert len(part_sentences([text])) == len(expected)


@given(st.lists(PIECES, max_size=4))
def test_nothing_but_headings_and_blanks_is_lost(texts: list[str]) -> None:
    joined = "".join("".join(part_sentences(texts)).split())
    for text in texts:
        last = re.split("[.?!:]", text)[-1].split(" ")[-1]
        assert "".join(last.split()) in joined
