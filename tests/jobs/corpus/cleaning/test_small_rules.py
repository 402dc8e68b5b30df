"""Formulas, publishers' notices, torn and spaced words, junk and giants."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cleaning.hyphenation import join_torn_words
from jobs.corpus.cleaning.junk import LONGEST, are_junk, cap
from jobs.corpus.cleaning.latex import plain_formulas
from jobs.corpus.cleaning.rules import clean

PREAMBLE = (
    "\\documentclass[12pt]{minimal}\n\t\t\t\t\\usepackage{amsmath}\n\t\t\t\t\\usepackage{upgreek}\n"
    "\t\t\t\t\\setlength{\\oddsidemargin}{-69pt}\n\t\t\t\t\\begin{document}$$FORMULA$$\\end{document}"
)


@pytest.mark.parametrize(
    ("formula", "after", "expected"),
    [
        ("R_0", " is", "where R_0 is"),
        ("R_0", "R0 is", "where R0 is"),
        ("\\beta = 0.5", " and", "where β = 0.5 and"),
        ("5\\,\\upmu \\hbox {g}", "5 μg in", "where 5 μg in"),
        ("\\text {pH} \\ge 7", " and", "where pH ≥ 7 and"),
        ("\\frac{a}{b}", " is", "where is"),
        ("a + " * 20, " is", "where is"),
    ],
)
def test_formulas_are_plain_or_gone(formula: str, after: str, expected: str) -> None:
    assert clean(f"where {PREAMBLE.replace('FORMULA', formula)}{after}") == expected


def test_a_formula_without_its_end_loses_its_preamble() -> None:
    assert clean("where \\usepackage{amsmath} x is") == "where x is"


def test_a_preamble_that_never_closes_takes_no_text_with_it() -> None:
    text = "where \\usepackage{amsmath x is. " + "The spike protein binds. " * 50 + "A set {1} ends."
    assert plain_formulas(text) == text


@pytest.mark.parametrize(
    "notice",
    [
        "Since January 2020 Elsevier has created a COVID-19 resource centre with free information on the novel virus.",
        "The COVID-19 resource centre is hosted on Elsevier Connect, the company's public news website.",
        "Elsevier hereby grants permission to make all its COVID-19-related research available in repositories.",
        "These permissions are granted for free by Elsevier for as long as the resource centre remains active.",
        "This article is made available via the PMC Open Access Subset for unrestricted research re-use.",
        "Upon expiration of these permissions, PMC is granted a perpetual license to make this article available.",
        "The author is a staff member of the World Health Organization.",
        "The authors alone are responsible for the views expressed in this publication and not the Organization.",
        "© World Health Organization 2020. Some rights reserved.",
    ],
)
def test_publishers_notices_go(notice: str) -> None:
    assert clean(f"The virus spread. {notice} It was seen in bats.") == "The virus spread. It was seen in bats."


@pytest.mark.parametrize(
    "text",
    [
        "The World Health Organization declared a pandemic.",
        "According to the World Health Organization, 12 died.",
        "Flies came from the Drosophila resource center.",
        "The authors alone are responsible for the error.",
        "Figures are from Elsevier, with permission.",
    ],
)
def test_sentences_about_publishers_and_the_who_stay(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b s t r a c t", "abstract"),
        ("K E Y W O R D S : virus", "KEYWORDS : virus"),
        ("panels A B C D E show", "panels A B C D E show"),
        ("site A C G T A G is", "site A C G T A G is"),
        ("q q q q q q q", "q q q q q q q"),
        ("x i t p K w e", "x i t p K w e"),
        ("a b c d", "a b c d"),
        ("t h e s e a r e s e v e r a l w o r d s", "t h e s e a r e s e v e r a l w o r d s"),
    ],
)
def test_only_words_are_joined_from_letters(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The corona- virus is a coronavirus.", "The coronavirus is a coronavirus."),
        ("Long- term care is long-term.", "Long-term care is long-term."),
        ("Coronavirus: the Corona- virus", "Coronavirus: the Coronavirus"),
        ("anti- and pro-inflammatory", "anti- and pro-inflammatory"),
        ("The T- cell and Tcell", "The T- cell and Tcell"),
        ("tissue- and stage-specific", "tissue- and stage-specific"),
        ("an unheard- of word", "an unheard- of word"),
        ("pre- sent and presentation", "pre- sent and presentation"),
    ],
)
def test_torn_words_are_joined_as_the_document_writes_them(text: str, expected: str) -> None:
    assert join_torn_words([text]) == [expected]


def test_the_evidence_may_be_in_another_paragraph() -> None:
    assert join_torn_words(["an infec- tion", "The infection spread."]) == ["an infection", "The infection spread."]


@pytest.mark.parametrize(
    "sentence",
    [
        "q q q q q q q q q q",
        "12.3 45.6 78.9 (0.1) n = 3",
        "t i = x + y",
        "( ) .",
        "0 0 1 1 2020 A",
        "ATGGCTTCTTACACAGATAGACAATGGCTTCTTACACAGATAGACA",
        "The",
        "Nat.",
    ],
)
def test_tables_plots_and_formulas_are_junk(sentence: str) -> None:
    assert are_junk([sentence]) == [True]


@pytest.mark.parametrize(
    "sentence",
    [
        "Table 1 ).",
        "Figure 8",
        "Figure 1) .",
        "Figure 8 FIGURE 8.",
        "Tables S9 and S10.",
        "Table S3a and S3b).",
        "Supplementary Figure 2A ).",
        "Supplementary Tables Table S1 .",
        "[ Table 2 near here]",
        "Table) .",
        "Figure 1 Legend.",
        "is the",
        "Not applicable.",
        "CC-BY 4.0",
        "CC-BY-NC-ND 4.0 International",
        "Error! Reference source not found.",
    ],
)
def test_labels_and_remnants_are_junk(sentence: str) -> None:
    assert are_junk([sentence]) == [True]


@pytest.mark.parametrize(
    "sentence",
    [
        "It rose.",
        "Table 1 shows it.",
        "Figure 1 : Model structure.",
        "Fig. 4 was created using R.",
        "Tables turn.",
        "Figure it out.",
        "Methods to see.",
        "This is the case.",
        "The rule is not applicable.",
        "It is free under CC-BY 4.0.",
        "IFN-γ fell by 5 μg/ml (P < 0.05).",
        "β-actin",
        "Αυτή είναι μια πρόταση.",
        "这是一个句子。",
        "SARS-CoV-2 was found in 12 of 45 (26.7%; 95% CI, 14.6-41.9) bats.",
        "Methods and materials are below.",
        "We performed an analysis.",
        "Samples needed isolation.",
        "Each requires validation.",
        "Li J and Wu X made the analysis.",
        "In 2020: 39-53 patients a day.",
        "The ratio was 45: 39.",
        "Patients J, K and L.",
    ],
)
def test_sentences_are_not(sentence: str) -> None:
    assert are_junk([sentence]) == [False]


@pytest.mark.parametrize(
    "sentence",
    [
        "Statistical analysis.",
        "MATERIALS AND METHODS",
        "Cell culture.",
        "Viral genome quantification:",
        "Author contributions.",
        "25 Conclusions",
        "Simon J, Wolf T, Landfester K and Wurm FR.",
        "Allen T, Murray KA, Marco MD, et al.",
        "Schreiber, S.L., Crabtree, G.R., 1992.",
        "Susi, H., Vale, P.F., Laine, A.L., et al. (2015) .",
        "Nat Commun. 2017;8: 1124.",
        "Nucleic acids research 45(1): 39-53.",
    ],
)
def test_headings_and_entries_of_bibliographies_are_junk(sentence: str) -> None:
    assert are_junk([sentence]) == [True]


def test_a_giant_is_cut_where_a_reader_would_pause() -> None:
    parts = list(cap("A name, an address; " * 120))
    assert max(map(len, parts)) <= LONGEST
    assert all(part.endswith(";") for part in parts[:-1])
    assert " ".join(parts).split() == ("A name, an address; " * 120).split()


@given(st.text(alphabet="ab ,;", max_size=4000))
def test_a_giant_loses_nothing_but_blanks(sentence: str) -> None:
    parts = list(cap(sentence))
    assert all(len(part) <= LONGEST for part in parts)
    assert "".join(parts).replace(" ", "") == sentence.replace(" ", "")
