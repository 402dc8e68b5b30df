"""What the compiled parts find is what the plain rules find that they stand for."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.corpus.cleaning import junk, line_numbers, preprint_notice, references, sentences
from jobs.corpus.cleaning.bibliography import is_entry
from jobs.corpus.cleaning.headings import SAID, has_large_words
from jobs.corpus.cleaning.junk import are_junk
from jobs.corpus.cleaning.kinds import kinds
from jobs.corpus.cleaning.preprint_notice import ANCHORS, LATE, LEAD, remove_boilerplate
from jobs.corpus.cleaning.references import is_label
from jobs.corpus.cleaning.sentences import split_texts
from jobs.corpus.cleaning.whitespace import normalise_space
from jobs.corpus.cleaning.word_set import words

SIGNS = ". ! ? … ... ) ] ” \" » ' ( [ “ [1] [2,3] 7 12,13 2020 3.5 i) iv) a) -"
WORDS = "Fig Fig. figs No. et al. U.S. the The mRNA p53 pH c-Myc β-catenin α Ångström é 中 e.g. Dr. min. 30 B. subtilis"
MORE = "type hepatitis abcde abcd ab1 vitamin B"
FRAGMENTS = [*f"{SIGNS} {WORDS} {MORE}".split(), *" " * 9, "  ", "\ud800", "\n", "\x00"]
TEXT = st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join) | st.text(max_size=40)


def split_plainly(text: str) -> list[str]:
    found = []
    start = 0
    for match in sentences._CANDIDATE.finditer(text):
        if sentences._ends(text, start, match.start(), match.end()):
            found.append(text[start : match.end() - 1])
            start = match.end()
    return [*found, text[start:]] if start < len(text) else found


@given(st.lists(TEXT, max_size=4))
@example(["It ended. The next. no. No 7. Seven.” New.\n Line. A"])
@example(["a.b. C", "in mice.12 The", "(n = 3). Rats", "ends.", "x. "])
def test_texts_are_split_where_the_rules_say(texts: list[str]) -> None:
    assert split_texts(texts) == [split_plainly(text) for text in texts]
    single = [normalise_space(text) for text in texts]
    assert split_texts(single) == [split_plainly(text) for text in single]


def test_characters_of_several_bytes_lie_across_what_is_looked_at_at_once() -> None:
    counts = [(sign, count) for sign in "aé中😀" for count in range(70)]
    texts = [f"{start}{sign * count}. The next{sign}. No" for sign, count in counts for start in ("", "a")]
    assert split_texts(texts) == [split_plainly(text) for text in texts]
    assert are_junk(texts) == [is_junk_plainly(text) for text in texts]
    for text in texts:
        numbered = text.replace(".", " 12 ")
        found = [(match.start(), match.end(), 12) for match in PLAIN_NUMBER.finditer(numbered)]
        assert list(map(tuple, line_numbers._numbers(numbered.encode()))) == found


PLAIN_TORN = re.compile(r"-[0-9]{1,4}(?= [a-z])")
PLAIN_NUMBER = re.compile(r" [0-9](?: [0-9](?: [0-9])?|[0-9]{0,3})(?= )")


@given(st.text("0123 9aé中\n-", max_size=40) | st.text(" -7aé", min_size=120, max_size=300))
@example(" 1 2 3 4 5  12 12345 1 23 4 ")
@example("a-12 a-1 b--12345 a-3 9é-4 \n5 a-0001 a")
def test_numbers_between_blanks_are_found(text: str) -> None:
    found = [(m.start(), m.end(), int(m[0].replace(" ", ""))) for m in PLAIN_NUMBER.finditer(text)]
    assert list(map(tuple, line_numbers._numbers(text.encode()))) == found
    torn = [(m.start() + 1, m.end(), int(m[0][1:])) for m in PLAIN_TORN.finditer(text)]
    assert list(map(tuple, line_numbers._torn_numbers(text.encode()))) == torn


def is_junk_plainly(sentence: str) -> bool:
    words = sentence.split(" ")
    visible = [c for c in sentence if c != " "]
    plain = [c for c in visible if c.isascii()]
    others = sum(not c.isalpha() for c in plain)
    return (
        (len(words) < junk.FEWEST_WORDS and sentence.isascii())
        or len(visible) < junk.SHORTEST_WORD * len(words)
        or len(plain) > junk.LONGEST_WORD * len(words)
        or (others * 2 > len(visible) and others > (1 - junk.LETTERS) * len(plain))
        or not any(map(str.isalpha, sentence))
        or is_label(sentence)
        or junk._REMNANT.fullmatch(sentence) is not None
    )


@given(st.lists(TEXT | st.text("abc 12.β中", max_size=100), max_size=4))
@example(["", "Table 1 ).", "is the", "中文 句子", "β β", "word", "two words here", "a" * 21 + " " + "b" * 21])
def test_junk_is_told_by_its_letters_and_words(texts: list[str]) -> None:
    assert are_junk(texts) == [is_junk_plainly(text) for text in texts]


OF_JUNK = words(
    "Figure 2 fig. see Supplementary information the main text A and Calculation Data collection Page Scale bars "
    "Reference source found under a CC BY International (B) 19 (2020). Balcan, Wu, et al. PLoS One 13, doi Seoul"
)


@given(
    st.lists(st.sampled_from(sorted(OF_JUNK)), min_size=1, max_size=6),
    st.sampled_from(SAID.tolist()),
    st.lists(st.sampled_from(sorted(OF_JUNK)), max_size=4),
    st.sampled_from(["found", "text.", "(bars)", "information .", "collection"]),
)
def test_what_is_passed_over_by_a_word_is_no_junk(before: list[str], said: bytes, after: list[str], last: str) -> None:
    sentence = " ".join([*before, said.decode(), *after, last])
    assert not junk._says_nothing(sentence, True)
    assert not is_entry(sentence)
    assert not has_large_words(sentence)


@pytest.mark.parametrize("word", f"{references._THINGS} {references._COMPANIONS} {references._REQUESTS}".split())
def test_a_label_may_begin_with_each_of_its_words(word: str) -> None:
    for form in (word, word.capitalize(), word.upper()):
        assert is_label(f"{form} Table 1") == (references._LABEL.fullmatch(f"{form} Table 1") is not None)


@given(st.text(max_size=30))
@example("a_Z 0²½٣é中\u2003\xa0\x1c\x85–\ud800\U0001d7d9\u0301")
def test_a_character_has_the_kind_that_regular_expressions_see(text: str) -> None:
    found = kinds(text)
    assert len(found) == len(text)
    for character, kind in zip(text, found, strict=True):
        seen = [bool(re.match(pattern, character)) for pattern in (r"\w", r"\d", r"\s")]
        if character.isascii():
            assert kind == ord(character)
        else:
            assert seen == [kind in (0x80, 0x81), kind == 0x81, kind == 0x82]


ANCHOR = re.compile("|".join(map(re.escape, ANCHORS)))


def remove_notices_plainly(text: str) -> str:
    if not ANCHOR.search(text):
        return text
    text = normalise_space(text)
    kept, end = "", 0
    while anchor := ANCHOR.search(text, end):
        beginnings = preprint_notice.BEGINNING.finditer(text, max(end, anchor.start() - LEAD), anchor.start() + LATE)
        notice = next((m for place in beginnings if (m := preprint_notice.NOTICE.match(text, place.start()))), None)
        if notice is None:
            kept += text[end : anchor.end()]
            end = anchor.end()
            continue
        kept += text[end : notice.start()] + " "
        start, end = notice.span()
        if preprint_notice.STOPPED.search(text, max(0, start - 6), start) and preprint_notice.GOES_ON.match(text, end):
            half = preprint_notice.HALF.match(text, end)
            end = half.end() if half else end
    return kept + text[end:]


NOTICES = [
    *("The copyright holder for this preprint", "(which was not peer-reviewed)", "(which was not peer reviewed)"),
    *("(which was not certified by peer review)", "is", "the", "is the", "author/funder", "It", "Under a", "doi:"),
    *(", who has granted medRxiv a license to display the preprint", " in perpetuity", "All rights", "reserved."),
    *("reserved. No reuse allowed without permission", "It is made available under a", "is made available under a"),
    *("this version posted", "April 27, 2020", "May 3,2020", "first posted online", "Mar. 5, 2020", ";", "MIT", "free"),
    *("CC-BY-NC-ND 4.0", "CC0", "CCBY 4 .0", "CC-BY", "International license", "bioRxiv preprint", "medRxiv preprint"),
    *("This article is a US Government work", "It is not subject to copyright under 17 USC 105", "https://doi.org/10."),
    *("and is also made available for use under a CC0 license", "http: //dx.doi. org /10.1101/2020.02", "org/10.1101"),
    *(
        "NOTE: This preprint reports new research that has not been certified by peer review",
        "1101",
        "/2020.02.02",
        "v1",
    ),
    *("and should not be used to guide clinical practice", "//doi.org/10.1", "/20", "/doi", "10.1101", "a half of it."),
    *("of cells", "cells.", "(of bats).", "Titres rose.", "é", "٣", "_", "\xa0", "changes", "2.5", "A", "to"),
]
PIECES = st.lists(st.sampled_from([*NOTICES, ".", ".", "", " ", " ", "  "]) | st.text(max_size=2), max_size=24)


@given(st.lists(PIECES.map(" ".join) | PIECES.map("".join), max_size=3))
@example(
    [
        "changes. The copyright holder for this preprint (which was not peer-reviewed) is the leads to injury. So",
        "is the author/funder. It . https://doi.org/10.1101/2020.04. 09.2 doi: medRxiv preprint doi: 10.1101 to",
        "(of bats). author/funder " + "a" * 41 + " half. So author/funder" + " of" * 99 + ". A",
        ". " * 30 + "author/funder" + "." * 130 + "peer review",
        "two  blanks and author/funder a",
    ]
)
def test_notices_are_found_where_the_expressions_find_them(texts: list[str]) -> None:
    assert remove_boilerplate(texts) == [remove_notices_plainly(text) for text in texts]
