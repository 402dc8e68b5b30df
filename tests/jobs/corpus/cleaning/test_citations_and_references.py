"""Citations and references to figures go, by the parse's spans or by their shape; what the sentence needs stays."""

from __future__ import annotations

import json
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cleaning.citation_style import style_of
from jobs.corpus.cleaning.citations import remove_citations
from jobs.corpus.cleaning.marked_spans import remove_spans
from jobs.corpus.cleaning.references import remove_references
from jobs.corpus.cord19.parse import read_parse
from jobs.corpus.documents.paragraph import Paragraph


def marked(text: str) -> Paragraph:
    """``{}`` around a citation's span, ``<>`` around a reference's."""
    plain = ""
    spans: dict[str, list[tuple[int, int]]] = {"}": [], ">": []}
    start = 0
    for character in text:
        if character in "{<":
            start = len(plain)
        elif character in "}>":
            spans[character].append((start, len(plain)))
        else:
            plain += character
    return Paragraph(plain, tuple(spans["}"]), tuple(spans[">"]))


SPANS = {
    "each its brackets": ("in the world {[4]} {[5]} {[6]} . As", "in the world. As"),
    "brackets around several": ("cells [{12},{13},14,{15}], and", "cells, and"),
    "range": ("vaccines [{18}–{22}]. Then", "vaccines. Then"),
    "brackets torn between spans": ("sepsis {(Diaz & Payne, 2013a;} {Okoro et al., 2013)} is", "sepsis is"),
    "unmarked beside marked": ("assays (11, 12, {14)} . By", "assays. By"),
    "bracket never closed": ("to 6.47) {[13,} {[20]} {[21]} , so", "to 6.47), so"),
    "words of citing": ("fast (see e.g. {[15]} ). It", "fast. It"),
    "reviewed in": ("fast (reviewed in [{12}]). It", "fast. It"),
    "after the stop": ("known. {[12,} {13]} The", "known. The"),
    "one among other things": ("(mice; {Okoro 2019}; rats)", "(mice; rats)"),
    "with a lead-in among other things": ("(VTM; e.g. {Okoro 2019}) . It", "(VTM) . It"),
    "first among other things": ("({Okoro 2019}, see below)", "(see below)"),
    "object of the sentence": ("as shown in {[12]}.", "as shown in [12]."),
    "object of between": ("the gap between {(8)} and {(9)} is", "the gap between (8) and (9) is"),
    "one of several behind a colon": (
        "three parts: {(1)} selection; {(2)} outcome",
        "three parts: (1) selection; (2) outcome",
    ),
    "one of several sentences": ("works well. {(2)} it is", "works well. (2) it is"),
    "in parentheses before a sentence": ("works well. {(2)} It is", "works well. It is"),
    "subject of the sentence": ("{Okoro et al. (2019)} found", "Okoro et al. (2019) found"),
    "year after its author": ("Okoro et al. {(2019)} found", "Okoro et al. found"),
    "superscript glued to its word": ("of agonists{46}. More", "of agonists. More"),
    "glued in pmc_json": ("cells [{22}]and", "cells and"),
    "number in a text that cites by brackets": ("mutations in {46} samples", "mutations in 46 samples"),
    "no citation at all": ("polyethylene glycol {(PEG)} and", "polyethylene glycol (PEG) and"),
    "figure": ("rose (Fig. <5>d). In", "rose. In"),
    "figure with its bracket outside": ("rose ( <Fig 7D)> . It", "rose. It"),
    "figure in another file": ("low (Additional file 6: <Figure  S3b> ). It", "low. It"),
    "figure as a word": ("as <Figure 2> shows", "as Figure 2 shows"),
}


@pytest.mark.parametrize(("text", "expected"), SPANS.values(), ids=SPANS.keys())
def test_spans_are_removed(text: str, expected: str) -> None:
    assert remove_spans(marked(text), bare_numbers=False) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("the protease, {46} but not", "the protease, but not"),
        ("binding 5, {6,} 7 . The", "binding. The"),
        ("of about {26,} 144 cases", "of about 26, 144 cases"),
        ("our prediction of {26, 144} cases", "our prediction of 26, 144 cases"),
        ("ends in {46}% of", "ends in 46% of"),
        ("between {16} -42% of", "between 16 -42% of"),
        ("admission was {10} .0 days", "admission was 10 .0 days"),
        ("cardiovascular (8, {22} .22%) and", "cardiovascular (8, 22 .22%) and"),
        ("in China. {1 2} From", "in China. From"),
        ("against bacteria {14 15} . Whether", "against bacteria. Whether"),
        ("scheme, {10 5} copies", "scheme, 10 5 copies"),
        ("in China. {10 5} copies", "in China. 10 5 copies"),
        ("plasmids with {20} -nt segments", "plasmids with 20 -nt segments"),
        ("seen directly {10} -through another", "seen directly-through another"),
    ],
)
def test_bare_numbers_go_where_a_paper_cites_by_superscript(text: str, expected: str) -> None:
    assert remove_spans(marked(text), bare_numbers=True) == expected


def test_a_quarter_of_bare_numbers_makes_them_citations() -> None:
    bracketed, bare = marked("a {[1]} b {[2]} c {[3]}"), marked("a {4} b")
    assert style_of([bracketed, bare]).bare
    assert not style_of([bracketed, bracketed, bare]).bare
    assert not style_of([Paragraph("no citation")]).bare


SHAPES = {
    "numbers": ("known [12, 13]. It", "known. It"),
    "range glued to its word": ("virus[12–14] is", "virus is"),
    "author and year": ("mice (Okoro et al., 2019) died", "mice died"),
    "several": ("mice (Diaz and Payne 2019; Li et al. 2020a,b).", "mice."),
    "with a lead-in": ("mice (see van der Berg et al., 2004; Diaz, 2010) died", "mice died"),
    "square": ("mice [Diaz & Payne, 2019] died", "mice died"),
    "superscript digits": ("infections¹² are", "infections are"),
    "superscripts after the stop": ("infection.12,13 The", "infection. The"),
    "the next sentence's number stays": ("with placebo alone.31 patients were", "with placebo alone.31 patients were"),
    "interval of a value stays": ("a mean of 31 [24, 55] per day", "a mean of 31 [24, 55] per day"),
    "interval of a quantity stays": ("61 years [50-72] and 45% [40–50]", "61 years [50-72] and 45% [40–50]"),
    "one number is no interval": ("the interval [39] is long", "the interval is long"),
    "nor are names": ("the same range (Okoro et al., 2019) of", "the same range of"),
    "number after names": ("as Okoro et al. (20) and Diaz et al., (7, 9) said", "as Okoro et al. and Diaz et al. said"),
    "announced interval stays": ("(95% CI [2-5])", "(95% CI [2-5])"),
    "not about the value": ("of 31 patients [24, 29] died", "of 31 patients died"),
    "not the number of a phase": ("in phase 2 [1, 3] it", "in phase 2 it"),
    "months are no authors": ("in Wuhan (May and June 2020) and", "in Wuhan (May and June 2020) and"),
    "an author called May": ("in Wuhan (May et al., 2020) and", "in Wuhan and"),
    "date stays": ("later (March 2020) and", "later (March 2020) and"),
    "place and year stay": ("held (Geneva, 2015) as", "held (Geneva, 2015) as"),
    "interval stays": ("values in [0, 1] and the range [2, 5] are", "values in [0, 1] and the range [2, 5] are"),
    "chemical name stays": ("benzo[4,5]imidazole", "benzo[4,5]imidazole"),
    "exponent stays": ("10 m² of cm²", "10 m² of cm²"),
    "share stays": ("fever (40 [45.5%])", "fever (40 [45.5%])"),
    "year alone stays": ("in a year [2019] of", "in a year [2019] of"),
    "object stays": ("as in [12].", "as in [12]."),
    "what goes with an object stays": ("that [13, 14] and [15] agree", "that [13, 14] and [15] agree"),
    "rows of a matrix stay": ("the matrix [1, 2; 3, 4] is", "the matrix [1, 2; 3, 4] is"),
    "announced deviation stays": ("the mean age [SD] was 50 [12] years", "the mean age [SD] was 50 [12] years"),
    "a number that was not announced": ("the mean age was 50 [12] years", "the mean age was 50 years"),
    "decimal stays": ("rose.5 fold 0.12 The", "rose.5 fold 0.12 The"),
}


@pytest.mark.parametrize(("text", "expected"), SHAPES.values(), ids=SHAPES.keys())
def test_unmarked_citations_are_known_by_their_shape(text: str, expected: str) -> None:
    assert remove_citations(text) == expected


REFERENCES = {
    "figure": ("rose (Fig. 2A).", "rose."),
    "supplementary table": ("low (Supplementary Table S1) in", "low in"),
    "several": ("rose (see Figs. 2A and 3B–D; Table 1) in", "rose in"),
    "equation": ("holds (Eq. 3).", "holds."),
    "equivalents stay": ("DIC (2.5 eq) and base (2.4 eq, 0.5 mmol)", "DIC (2.5 eq) and base (2.4 eq, 0.5 mmol)"),
    "movie": ("moves (Movie S2).", "moves."),
    "extended data": ("rose [Extended Data Fig. 3a,b].", "rose."),
    "side": ("rose (Figure 2 , left panel).", "rose."),
    "beside a result": ("rose (P < 0.05; Fig. 2A) in", "rose (P < 0.05) in"),
    "before a result": ("rose (Fig. 2, P < 0.05) in", "rose (P < 0.05) in"),
    "as a word": ("as Fig. 2 shows (n = 3)", "as Fig. 2 shows (n = 3)"),
    "other brackets": ("(data not shown) (A and B) (mice)", "(data not shown) (A and B) (mice)"),
    "figurative": ("(in the fig tree)", "(in the fig tree)"),
    "number alone": ("cells (12)", "cells (12)"),
}


@pytest.mark.parametrize(("text", "expected"), REFERENCES.values(), ids=REFERENCES.keys())
def test_references_in_brackets_are_removed(text: str, expected: str) -> None:
    assert remove_references(text) == expected


_WORDS = st.lists(
    st.sampled_from(["virus", "SARS-CoV-2", "mice,", "β-catenin", "died.", "(ACE2)"]), min_size=1, max_size=4
)
_CITED = st.sampled_from(
    ["{[1]}", "[{1}]", "[{1}, {2}]", "({Okoro, 2019)}", "({Okoro, 2019}; {Diaz, 2018})", "(<Fig. 2>)", "(Fig. <3>b)"]
)


@given(st.lists(st.tuples(_WORDS, _CITED, st.sampled_from(["", " .", ",", ";"])), min_size=1, max_size=6), _WORDS)
def test_no_residue_no_glue_and_no_word_lost(parts: list[tuple[list[str], str, str]], end: list[str]) -> None:
    text = " ".join([f"{' '.join(words)} {cited}{after}" for words, cited, after in parts] + end)
    cleaned = remove_spans(marked(text), bare_numbers=False)
    assert not re.search(r" [,;.)\]]|[(\[]\s*[)\]]|\s\s|[\x00-\x1f]", cleaned), cleaned
    words = [word for group in [*(words for words, _, _ in parts), end] for word in group]
    assert [w.strip(".,;") for w in cleaned.split()] == [w.strip(".,;") for w in words]


_SPAN = st.one_of(
    st.fixed_dictionaries(
        {}, optional={"start": st.integers(-3, 40) | st.none(), "end": st.integers(-3, 40), "text": st.text(max_size=3)}
    ),
    st.integers(),
    st.none(),
)


def read_paragraph(text: str, cites: object, refs: object) -> Paragraph:
    """As it is read from a parse, whose bibliography nobody reads, be it whole or not."""
    parse = {"body_text": [{"text": text, "cite_spans": cites, "ref_spans": refs}]}
    bibliographies: tuple[object, object] = ({}, math.nan)
    whole, broken = (read_parse(json.dumps({**parse, "bib_entries": each}).encode()) for each in bibliographies)
    assert whole == broken
    [paragraph] = whole.body
    return paragraph


@given(
    st.text(max_size=30).filter(str.strip),
    st.lists(_SPAN, max_size=6) | st.integers(),
    st.lists(_SPAN, max_size=4) | st.none(),
)
def test_spans_that_are_none_are_counted_and_never_fatal(text: str, cites: object, refs: object) -> None:
    paragraph = read_paragraph(text, cites, refs)
    kept = 0
    for spans in (paragraph.cite_spans, paragraph.ref_spans):
        kept += len(spans)
        edges = [edge for span in spans for edge in span]
        assert edges == sorted(edges)
        assert all(0 <= start < end <= len(paragraph.text) for start, end in spans)
    given_ = sum(len(spans) if isinstance(spans, list) else spans is not None for spans in (cites, refs))
    assert kept + paragraph.ignored_spans == given_
    remove_spans(paragraph, bare_numbers=True)


def test_spans_follow_the_text_when_its_ends_are_stripped() -> None:
    spans = [{"start": 10, "end": 13, "text": "[2]"}, {"start": 7, "end": 10, "text": "[1]"}, {"start": 8, "end": 12}]
    paragraph = read_paragraph("  mice [1][2] \n", spans, [{"start": 7, "end": 10, "text": "[9]"}])
    assert paragraph == Paragraph("mice [1][2]", ((5, 8), (8, 11)), (), 2)
    assert remove_spans(paragraph, bare_numbers=False) == "mice"
