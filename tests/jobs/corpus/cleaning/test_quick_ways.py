"""What is found on a quick way is what the plain way finds."""

from __future__ import annotations

import re
from functools import partial

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.corpus.cleaning import citation_style, cutting, letter_spacing, line_numbers, marked_spans, references
from jobs.corpus.cleaning.cutting import close_cuts
from jobs.corpus.cleaning.hyphenation import join_torn_words
from jobs.corpus.cleaning.letter_spacing import join_spaced_letters
from jobs.corpus.cleaning.references import remove_references


def pieces(text: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(text.split("|")), max_size=14).map("".join)


@given(pieces('\x01|\x01|\x01| | | |a|word|9|(|)|[|]|.|,|;|:|!|-|–|/|&|%|"|é|”|\n|\xa0|  |{|}|’'))
@example("a \x01, \x01. b)\x01 (\x01) c \x01 d (\x01. \x01 e) \x01; \x01")
def test_cuts(text: str) -> None:
    quickly = close_cuts(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cutting, "_PLAIN", re.compile(r"(?!)"))
        assert quickly == close_cuts(text)


@given(pieces("\x00|\x00|\x00(|(|[|)|]| | |12|1|2019|3, |see |also|Li|a|,|;|-|–|e.g.|in |refs|\n"))
@example("((see \x0012\x00) [in 3, \x004\x00, 5] (2019\x00 (\x007\x00)" + "(" * 45 + "\x001\x00)")
def test_groups_of_citations(text: str) -> None:
    assert marked_spans._without_groups(text) == marked_spans._GROUP.sub(marked_spans._cut_group, text)


TORN = re.compile(r"\b([A-Za-z]{2,})[-‐] ([a-z]{2,})\b")


@given(st.lists(pieces("corona|virus|- |- |‐ |-| |A|é|_|3|coronavirus|corona-virus|Corona|anti|\n"), max_size=3))
@example(["corona- virus- virus 3corona- virus", "coronavirus Corona- virus", "é- virus corona‐ virus-"])
def test_torn_words(texts: list[str]) -> None:
    written = set(re.findall(r"[\w-]+", "\n".join(texts).lower()))

    def joined(match: re.Match[str]) -> str:
        forms = (match[1] + match[2], f"{match[1]}-{match[2]}")
        return next((form for form in forms if form.lower() in written), match[0])

    assert join_torn_words(texts) == [TORN.sub(joined, text) for text in texts]


SPACED = re.compile(r"(?<![^\s(])[A-Za-z](?: [A-Za-z]){4,}(?![^\s.,:;)])")


@given(pieces(" a| b| s| t| r| a| c| t| e|a|(|)|.|-|  |x y|\n|1| A"))
@example("a b s t r a c t (a b s t r a c t) xa b s t r a c t a r t i c l e i n f o-")
def test_spaced_letters(text: str) -> None:
    assert join_spaced_letters(text) == SPACED.sub(lambda match: letter_spacing._joined(match[0]), text)


@given(pieces("(|[|)|]|Fig. 1| |a|, |Table S2|see |\x02Fig\x02|; "))
def test_references_in_brackets(text: str) -> None:
    everywhere = re.compile(r"[(\[][^()\[\]]{3,300}[)\]]").sub(references._shortened, text)
    assert remove_references(text) == close_cuts(everywhere)


@given(
    st.lists(
        pieces("growth |is known|in mice 12 was |a)|mice| 12|12|.|,| | |7,8|-9|The |(3)|(4, 5)|see |and|\xa0|β|42"),
        max_size=3,
    )
)
@example(["is known.12 The growth 7 . It", "is known,12 and. 3 However growth.7 . 8 The", "see mice 1,2 .3 The"])
def test_citations_of_a_style(texts: list[str]) -> None:
    style = citation_style.CitationStyle(bare=True, parentheses=True, highest=40)
    cut = partial(citation_style._unless_needed, style.highest)
    expected = []
    for text in texts:
        for pattern in (citation_style._GROUP, *citation_style._BARE_NUMBERS):
            text = close_cuts(pattern.sub(cut, text))
        expected.append(text)
    assert citation_style.remove_in_style(texts, style) == expected


@given(st.lists(st.sampled_from(["word", "a)", "line 3.", "5", "6.", "7,", "8", "10", "11;", "14."]), max_size=30))
def test_numbers_before_stops(words: list[str]) -> None:
    text = f" {' '.join(words)} and on "
    counted = [row for row in line_numbers._numbers(text.encode()) if row[2] in (5, 8, 10)]

    def between(place: int) -> tuple[list[int], list[int]] | None:
        before = [row for row in counted if row[0] <= place]
        after = [row for row in counted if row[0] > place]
        return (before[-1], after[0]) if before and after else None

    found = []
    for match in line_numbers._BEFORE_STOP.finditer(text):
        if neighbours := between(match.start()):
            (earlier, _, first), (later, _, last) = neighbours
            value = int(match[0])
            if first < value < last <= first + line_numbers._SKIPPED:
                line = (later - earlier) / (last - first)
                if abs(match.start() - earlier - line * (value - first)) < line / 2:
                    found.append([match.start(), match.end(), value])
    assert list(line_numbers._before_stops(text, counted)) == found
