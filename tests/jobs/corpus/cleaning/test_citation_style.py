"""Citations of the style that a paper has as a whole go, marked or not; the same shapes stay in other papers."""

from __future__ import annotations

import pytest

from jobs.corpus.cleaning.citation_style import CitationStyle, remove_in_style, style_of
from jobs.corpus.cleaning.marked_spans import remove_spans
from jobs.corpus.documents.paragraph import Paragraph, plain

BARE = CitationStyle(bare=True, highest=60)
ROUND = CitationStyle(parentheses=True, highest=120)


def marked(text: str) -> Paragraph:
    """What stands between braces is marked."""
    spans, kept = [], ""
    for number, piece in enumerate(text.replace("}", "{").split("{")):
        if number % 2:
            spans.append((len(kept), len(kept) + len(piece)))
        kept += piece
    return Paragraph(kept, tuple(spans))


@pytest.mark.parametrize(
    ("style", "text", "expected"),
    [
        (ROUND, "as was reported (80,81,83) and", "as was reported and"),
        (ROUND, "in their cells (7). It", "in their cells. It"),
        (ROUND, "as shown in (12) and", "as shown in (12) and"),
        (ROUND, "a mean of 12 years (8-20) was", "a mean of 12 years (8-20) was"),
        (ROUND, "infected cells (300) and", "infected cells (300) and"),
        (ROUND, 'the so-called "levi-like" (80) and', 'the so-called "levi-like" and'),
        (ROUND, "of its residues (41-90) and", "of its residues (41-90) and"),
        (ROUND, "we asked: (1) who, (2) when", "we asked: (1) who, (2) when"),
        (ROUND, "in Table (3) it", "in Table (3) it"),
        (BARE, "and growth 42,43 . It", "and growth. It"),
        (BARE, "of the virus 12 , which", "of the virus, which"),
        (BARE, "of the virus 12-15 .", "of the virus."),
        (BARE, "is known.12 The", "is known. The"),
        (BARE, "is known.12 patients were", "is known.12 patients were"),
        (BARE, "bound to it. 12 The virus", "bound to it. The virus"),
        (BARE, "bound to it. 12, 14 However, we", "bound to it. However, we"),
        (BARE, "bound to it. 12 Rhesus macaques", "bound to it. 12 Rhesus macaques"),
        (BARE, "in the plants 5, 6, and 20 . It", "in the plants 5, 6, and 20 . It"),
        (BARE, "in some (plants 5, 6) it", "in some (plants 5, 6) it"),
        (BARE, "for 12 , 13 cases", "for 12 , 13 cases"),
        (BARE, "a total of 42 . It", "a total of 42 . It"),
        (BARE, "seen on days 3,5 . It", "seen on days 3,5 . It"),
        (BARE, "the compound 46-14-3 .", "the compound 46-14-3 ."),
        (BARE, "by a traditional approach 32 in which", "by a traditional approach in which"),
        (BARE, "such as Nanopolish 12, 15 may be", "such as Nanopolish may be"),
        (BARE, "of which 12 were and which 13 was", "of which 12 were and which 13 was"),
        (BARE, "enterovirus 12 in cells and amides 13 as solids", "enterovirus 12 in cells and amides 13 as solids"),
        (BARE, "on February 12 in Wuhan", "on February 12 in Wuhan"),
        (BARE, "a strategy 6 was", "a strategy 6 was"),
        (BARE, "a strategy 99 was", "a strategy 99 was"),
        (BARE, "the cells of 17 mice", "the cells of 17 mice"),
        (BARE, "shown by the cells 12 . CC-BY 4.0 International", "shown by the cells 12 . CC-BY 4.0 International"),
        (CitationStyle(), "as was reported (80,81) and growth 42,43 .", "as was reported (80,81) and growth 42,43 ."),
    ],
)
def test_what_the_style_tells_goes(style: CitationStyle, text: str, expected: str) -> None:
    assert remove_in_style([text], style) == [expected]


def test_the_marks_tell_it() -> None:
    bare = marked("a {1} b {2,} c {[3]} d {Li, 2019}")
    assert style_of([bare]) == CitationStyle(bare=True, highest=3)
    round_ = marked("a ({1}) b ({2}, {3}) c ({4}) d {(5)}")
    assert style_of([round_]) == CitationStyle(parentheses=True, highest=5)
    assert style_of([marked("a {[1]} b {[2]} c {[3]} d {[4]} e {[15]}")]) == CitationStyle(highest=15)


def test_bare_numbers_that_no_mark_has_tell_it_by_their_order() -> None:
    """Parses write ranges of superscripts out and leave single ones unmarked."""
    ranges = [
        marked(f"seen {{[{n}]}} {{[{n + 1}]}} . Then in bats {n + 2} . So in mice {n + 3} .") for n in (1, 5, 9, 13)
    ]
    assert style_of(ranges) == CitationStyle(bare=True, highest=14)
    assert style_of(list(reversed(ranges))) == CitationStyle(highest=14)
    assert style_of(ranges[:2]) == CitationStyle(highest=6)


def running(last: int, first: int = 1) -> list[Paragraph]:
    return list(
        plain([f"It is known to all of them ({n}, {n + 1}). It is not ({n + 2})." for n in range(first, last, 3)])
    )


def test_numbers_that_run_through_an_unmarked_paper_tell_it() -> None:
    assert style_of(running(30)) == CitationStyle(parentheses=True, highest=30)
    assert style_of(running(6)) == CitationStyle()  # too few to know
    assert style_of(list(reversed(running(30)))) == CitationStyle()  # they do not run
    assert style_of(plain([f"as equation says ({n})." for n in range(1, 40)])) == CitationStyle()  # one at a time
    assert style_of([Paragraph("no citation")]) == CitationStyle()


def test_they_tell_it_where_the_parse_marked_the_numbers_of_lines() -> None:
    lines = [marked(f"was seen in {{{number}}} the cells") for number in range(152, 160)]
    style = style_of([*running(60), *lines])
    assert (style.parentheses, style.highest) == (True, 60)


def test_they_tell_it_where_the_parse_lost_the_first_of_them() -> None:
    assert style_of(running(94, first=52)) == CitationStyle(parentheses=True, highest=93)
    residues = plain([f"binds to the loop ({n}, {n + 9}) and ({n + 30})" for n in range(40, 800, 60)])
    assert style_of(residues) == CitationStyle()


def test_what_lies_far_beyond_them_is_none() -> None:
    residues = plain(["at the loop (193-203) and (417)", "at the loop (202) and (463)"])
    assert style_of([*running(60), *residues]) == CitationStyle(parentheses=True, highest=60)


def test_in_a_paper_of_another_style_they_are_equations() -> None:
    brackets = [marked(f"as was shown {{[{number}]}}") for number in range(1, 12)]
    assert not style_of([*running(60), *brackets]).parentheses


def test_whatever_counts_as_a_digit_may_be_marked() -> None:
    for sign in filter(str.isnumeric, map(chr, range(0x80, 0x3000))):
        paragraph = marked(f"of growth {{{sign}}}, {{1{sign}}} and {{[{sign}]}} of it.")
        style = style_of([paragraph])
        assert remove_in_style([remove_spans(paragraph, bare) for bare in (False, True)], style)
