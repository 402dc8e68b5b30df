"""Sentences that a page's end cut in two are one again; what only looks so stays apart."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cleaning.clean_document import document_sentences
from jobs.corpus.cleaning.page_breaks import join_page_breaks
from jobs.corpus.cleaning.sentences import split_sentences
from jobs.corpus.documents.document import Document, Parse
from jobs.corpus.documents.paragraph import plain

OPEN = "As expected, men had more of it. However, male"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (OPEN, "patients also had more creatinine. It fell."),
        ("The samples had all been collected at the early stage of illness", "(ten of them before day 11)."),
        ("All blood was drawn before noon, then cooled,", "and spun within the hour."),
        ("One in four of them was infected with the", "α-coronavirus that is known from dogs."),
        ("The cells were then transfected with 2 µg of", "mRNA and left overnight."),
        ("It was seen in most patients, so it is", "a likely sign."),
        ("In the second year of the study 40 of 100", "in-patients had it."),
        ("They were kept in a buffer of two salts (50 mM", "KCl and 10 mM NaCl) overnight."),
        ("These cells were washed and then grown in medium (Acme,", "Springfield) for a day."),
    ],
)
def test_a_sentence_over_a_page_break_is_one(first: str, second: str) -> None:
    assert join_page_breaks([first, second, "The end."]) == [f"{first} {second}", "The end."]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (f"{OPEN} patients had it.", "so did the women."),
        (f"{OPEN} patients had it.”", "so did the women."),
        ("We solve these equations, one for each city:", "where N is its population."),
        ("Patients and their clinical findings at admission", "The study took in 69 patients."),
        ("Table 2", "of the year before"),
        ("We set the following conditions for patients to enter", "(a) they were adults;"),
        ("We set the following conditions for patients to enter", "ii) they were adults;"),
        ("Forecasts with a horizon of six weeks in Shanghai", "q q q q q q q q"),
        (OPEN, "17 patients had it."),
        ("Patients (and their clinical findings) at admission", "The study took in 69 patients (aged 9)."),
        ("We set the following (and some other) conditions", "1) they were adults;"),
    ],
    ids=["stop", "stop in quotes", "formula", "heading", "label", "(a)", "ii)", "plot", "number", "brackets", "1)"],
)
def test_what_may_be_something_else_stays_apart(first: str, second: str) -> None:
    assert join_page_breaks([first, second]) == [first, second]


@pytest.mark.parametrize(
    ("halves", "whole"),
    [
        (["They grew in cells with SARS-", "CoV that had"], "They grew in cells with SARS-CoV that had"),
        (["They grew in cells of", "412", "the second donor"], "They grew in cells of the second donor"),
        (["copies of", "7", "genes"], "copies of genes"),
        (["the cells at", "MOI of 3"], "the cells at MOI of 3"),
        (["It was reported for", "1,204 cases."], "It was reported for 1,204 cases."),
        (["It was not lost with", "RNase L at all."], "It was not lost with RNase L at all."),
    ],
    ids=["hyphen", "page number", "few words", "name", "quantity", "enzyme"],
)
def test_what_demands_another_word_gets_it(halves: list[str], whole: str) -> None:
    assert join_page_breaks(halves) == [whole]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("It was used to know about the", "Results of the first part are shown."),
        ("It was used to know about the", "DISCUSSION It is known."),
        ("It was used to know about the", "16 The second part"),
        ("It was used to know about in vitro-", "We then asked for it."),
        ("One in four of them lived", "412"),
    ],
)
def test_a_capital_or_a_number_mostly_begins_something_else(first: str, second: str) -> None:
    assert join_page_breaks([first, second]) == [first, second]


@pytest.mark.parametrize(
    ("paragraphs", "kept"),
    [
        (["It rose. The population of", "The rest was lost."], ["It rose.", "The rest was lost."]),
        (["It rose.", "mouse using a vaccine is enough. It fell."], ["It rose.", "It fell."]),
        (["It rose.", "mRNA vaccines need a cold chain."], ["It rose.", "mRNA vaccines need a cold chain."]),
        (["We count them so:", "where all of them are new."], ["We count them so:", "where all of them are new."]),
        (
            ["The number of them is given by", "The rest was lost."],
            ["The number of them is given by", "The rest was lost."],
        ),
    ],
    ids=["no end", "no beginning", "a name", "after a formula", "before a formula"],
)
def test_a_half_whose_other_half_is_lost_goes(paragraphs: list[str], kept: list[str]) -> None:
    changed: Counter[str] = Counter()
    assert document_sentences(paper("pdf_json", *paragraphs), ["body"], changed) == kept
    assert changed["fragment"] == (kept != paragraphs)
    assert document_sentences(paper("", *paragraphs), ["body"]) == [
        sentence for text in paragraphs for sentence in split_sentences(text)
    ]


def test_a_sentence_may_run_over_two_breaks() -> None:
    assert join_page_breaks([OPEN, "patients also had more of it and", "died earlier."]) == [
        f"{OPEN} patients also had more of it and died earlier."
    ]


def paper(parse: Parse, *body: str, abstract: str = "We counted cases.") -> Document:
    return Document("u1", "On counting", plain([abstract]), plain(body), parse, "cc0", "2020")


NOTICE = "The copyright holder for this preprint (which was not peer-reviewed) is the author/funder."


def test_a_notice_at_the_pages_foot_does_not_keep_halves_apart() -> None:
    changed: Counter[str] = Counter()
    document = paper("pdf_json", f"{OPEN} {NOTICE}", NOTICE, "patients also had more creatinine.")
    assert document_sentences(document, ["body"], changed) == [
        "As expected, men had more of it.",
        "However, male patients also had more creatinine.",
    ]
    assert changed["page_breaks"] == 1


def test_a_word_hyphenated_over_the_break_is_one() -> None:
    document = paper("pdf_json", "These are the bats in which the corona-", "virus lives.", "A coronavirus is small.")
    assert document_sentences(document, ["body"])[0] == "These are the bats in which the coronavirus lives."


@pytest.mark.parametrize("parse", ["pmc_json", ""])
def test_only_a_parse_of_pages_has_page_breaks(parse: Parse) -> None:
    assert document_sentences(paper(parse, OPEN, "patients had it."), ["body"])[-1] == "patients had it."


def test_sections_stay_apart() -> None:
    document = paper("pdf_json", "patients had it.", abstract=OPEN)
    assert not any("male patients" in text for text in document_sentences(document, ["title", "abstract", "body"]))


@given(st.lists(st.sampled_from([OPEN, "so did it.", "It ended.", "(a) one", "a b c d e f", "q q q q"]), max_size=12))
def test_nothing_is_lost_or_moved_and_once_is_enough(paragraphs: list[str]) -> None:
    joined = join_page_breaks(paragraphs)
    assert " ".join(joined) == " ".join(paragraphs)
    assert join_page_breaks(joined) == joined
