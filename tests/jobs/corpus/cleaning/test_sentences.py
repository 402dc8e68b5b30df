"""Where sentences end, case by case: ``|`` marks an expected boundary."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cleaning.sentences import split_sentences
from tests.jobs.corpus.cleaning import sentence_cases

CASES = {
    "plain": "The virus spread.| It was seen in bats.",
    "question and exclamation": "Is it airborne?| It may be!| We do not know.",
    "et al. inside a sentence": "As shown by Chen et al. the titre fell.",
    "et al. before a year": "Chen et al. (2020) found the same.",
    "et al. before a citation": "Rossi et al. [12] found the same.",
    "et al. at the end, before a usual beginning": "This was shown by Chen et al. | We confirmed it.",
    "figure reference": "The titre fell (Fig. 2).| It rose again.",
    "figure reference inside": "See Fig. 2A and Figs. 3 and 4 for details.",
    "figure set apart by a PDF parser": "See Fig . 2 for details .| The titre fell .",
    "sentence that ends with a figure's number": "The titre is given in Fig. 2.| It fell.",
    "genus": "We grew E. coli and C. elegans.| B. subtilis was not used.",
    "initials": "J. R. Smith and A. Kim wrote it.",
    "route of administration": "The drug was given i.v. and i.p. to mice.",
    "route of administration at the end": "The drug was given i.v. | The mice survived.",
    "post infection": "Cells were lysed at 24 h p.i. and stored.",
    "bracket before the stop": "It was significant (P < 0.05).| No other was.",
    "stop before the bracket": "(It was significant.)| No other was.",
    "citation before the stop": "This is known [12].| We repeat it.",
    "citation after the stop": "This is known. [12, 13]| We repeat it.",
    "citation glued to the stop": "This is known.[12]| We repeat it.",
    "superscript citation glued to the stop": "This is known.12,13| We repeat it.",
    "ends with a name that ends in a digit": "The cause is SARS-CoV-2.| It is new.",
    "for example": "Some hosts, e.g. bats, carry it, i.e. they shed it.",
    "for example before a name": "Many hosts (e.g. Rhinolophus) carry it.",
    "versus": "It was 12 vs. 15 days.",
    "decimals": "The value was 0.05 and not 3.14.| It fell.",
    "gene name in small letters begins": "This was expected.| nsp1 blocks translation.",
    "mRNA begins": "The dose was low.| mRNA vaccines need a cold chain.",
    "p53 begins": "The cells died.| p53 was found in them.",
    "Greek letter begins": "The dose was low.| β-catenin rose.",
    "small letter goes on": "It was approx. ten and in the ca. five range. then it fell.",
    "United States": "The U.S. Department of Health reported it.",
    "United States at the end": "It came to the U.S. | In March it spread.",
    "saint": "It was bought in St. Louis.",
    "doctor and professor": "Dr. Chen and Prof. Kim agreed.",
    "company": "It was bought from Promega Corp. (Madison, WI).",
    "number sign": "Approval no. 1234 was given in Jan. 2020.",
    "number sign as a word": "The answer is no.| We asked again.",
    "year at the end": "It began in 2019.| By 2020 it had spread.",
    "year at the end, number begins": "It began in 2019.| 12 patients died.",
    "number begins": "The study included adults.| 12 patients died.",
    "numbered heading": "1. Introduction to the problem.| It is large.",
    "hepatitis B is no initial": "They had hepatitis B.| Patients were treated.",
    "vitamin C before a usual beginning": "They took vitamin C.| The dose was high.",
    "and so on": "It affects lung, liver, etc. in most patients.",
    "and so on at the end": "It affects lung, liver, etc. | The kidney is spared.",
    "quotation": "He called it “a plague.”| We disagree.",
    "quotation begins": 'It was new.| "We were surprised," he said.',
    "ellipsis": "It rose... and fell…| Then it rose again.",
    "legend": "Survival of mice.| (b) Weight of mice.",
    "species unnamed": "Rhinolophus spp. were caught.",
    "degree": "She holds a Ph.D. in virology.",
    "unit at the end": "It was kept at 37 °C.| It was mixed for 5 min.| We added 2 ml.",
    "percent": "It fell by 50%.| It rose by 20%.",
    "temperature and time inside": "Incubate at 4 °C, 12 h.| Wash.",
    "standard deviation": "Values are mean ± s.d. of three runs.",
    "equation": "This follows from Eq. 3 and Eqs. 4-6.",
    "reference number": "See ref. 12 and Refs. 13 and 14.",
    "URL-like word": "The data are at example.org in full.",
    "no stop at the end": "The virus spread.| It was seen in bats",
    "Spanish": "La edad media fue de 52,3 años.| Los síntomas fueron leves.",
}


@pytest.mark.parametrize("marked", CASES.values(), ids=CASES.keys())
def test_sentences_end_where_a_reader_would_end_them(marked: str) -> None:
    expected = [sentence.strip() for sentence in marked.split("|")]
    assert split_sentences(marked.replace("|", "")) == expected


@pytest.mark.parametrize("case", sentence_cases.CASES)
def test_biomedical_sentences_end_where_a_reader_would_end_them(case: str) -> None:
    assert split_sentences(sentence_cases.text(case)) == sentence_cases.expected(case)


@pytest.mark.parametrize("text", ["", " ", "\n\t "])
def test_nothing_has_no_sentences(text: str) -> None:
    assert split_sentences(text) == []


def test_a_long_row_of_stops_takes_no_time() -> None:
    assert split_sentences("." * 200_000 + "x") == ["." * 200_000 + "x"]


_PIECES = st.sampled_from(
    (
        *("The virus", "et al.", "Fig. 2", "(P < 0.05).", "[12]", "E. coli", "nsp1", "1.", "i.v.", "We", "β", "A", "a"),
        *(" ", "\n", "\u2028", "\x1c", ". ", " .", ".", "?", "!", "…", ")", "“", "”", '"', "1"),
    )
)


@given(st.one_of(st.text(max_size=300), st.lists(_PIECES, max_size=40).map("".join), st.lists(_PIECES).map(" ".join)))
def test_nothing_but_white_space_is_lost(text: str) -> None:
    sentences = split_sentences(text)
    assert "".join("".join(sentences).split()) == "".join(text.split())
    for sentence in sentences:
        assert sentence
        assert sentence == " ".join(sentence.split())
        assert len(sentence.splitlines()) == 1
