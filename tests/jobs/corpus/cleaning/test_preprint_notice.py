"""The preprint servers' notice goes, in every order in which parses have it; the paper's own words stay."""

from __future__ import annotations

import pytest

from jobs.corpus.cleaning.rules import clean

HOLDER = "The copyright holder for this preprint"
REVIEW = "(which was not peer-reviewed)"
DOI = ". https://doi.org/10.1101/2020.04.09.20058412"
DISPLAY = "author/funder, who has granted medRxiv a license to display the preprint in perpetuity."
RIGHTS = "All rights reserved. No reuse allowed without permission."
LICENSE = ". CC-BY-NC-ND 4.0 International license"

NOTICES = {
    "bioRxiv in order": f"{HOLDER} {REVIEW} is the author/funder. {DOI} doi: bioRxiv preprint",
    "owner torn off": f"author/funder. {RIGHTS} {HOLDER} {REVIEW} is the {DOI} doi: bioRxiv preprint",
    "all rights torn off": f"{HOLDER} {REVIEW} is the {RIGHTS}",
    "medRxiv, shuffled": f"is the {REVIEW} {HOLDER} {DOI} doi: medRxiv preprint",
    "without review": f"{HOLDER} {DOI} doi: medRxiv preprint",
    "display": DISPLAY,
    "display and rights": f"{RIGHTS} the {DISPLAY}",
    "licence": f"{LICENSE} It is made available under a {DISPLAY}",
    "licence with is the": f"{LICENSE} It is made available under a is the {DISPLAY}",
    "licence, owner last": f"{LICENSE} is made available under a {HOLDER} {REVIEW} is the author/funder. It {DOI} doi: "
    "bioRxiv preprint",
    "licence, owner between": f"{LICENSE} author/funder. It is made available under a {HOLDER} {REVIEW} is the {DOI}",
    "licence torn": ". CC-BY 4 .0 International license",
    "rights torn": "reserved. No reuse allowed without permission.",
    "version": f"{HOLDER} this version posted April 27, 2020. {DOI} doi: medRxiv preprint",
    "certified": f"{DISPLAY} (which was not certified by peer review)",
    "note": "NOTE: This preprint reports new research that has not been certified by peer review and should not be "
    "used to guide clinical practice.",
    "address torn": f"{HOLDER} . https://doi.org/10.1101/2020.04. 09.20058412 doi: medRxiv preprint",
    "address torn to pieces": f"is the {REVIEW} {HOLDER} . https://doi.org/10. 1101 /2020",
    "twice": f"{HOLDER} {REVIEW} is the {DOI} doi: bioRxiv preprint " * 2,
}


@pytest.mark.parametrize("notice", NOTICES.values(), ids=NOTICES.keys())
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("The cells were grown.", "They were then lysed."),
        ("The cells were grown in", "medium and lysed."),
        ("", "Viral titres rose."),
        ("Titres fell by 2.5", ""),
        ("We sampled", "12 mice and 3.5 ml of serum."),
    ],
)
def test_a_notice_goes_and_its_surroundings_stay(before: str, notice: str, after: str) -> None:
    assert clean(f"{before} {notice} {after}") == f"{before} {after}".strip()


@pytest.mark.parametrize(
    ("before", "after", "left"),
    [
        ("The cells were grown.", "medium and lysed for an hour. They grew.", "The cells were grown. They grew."),
        ("It was known (of bats).", "medium and lysed for an hour.", "It was known (of bats). "),
        ("It was seen by Li et al.", "among others. They grew.", "It was seen by Li et al. among others. They grew."),
        ("The cells were grown.", "mRNA was then measured. It fell.", None),
        ("The cells were grown in a", "medium and lysed. They grew.", None),
        ("The cells were grown.", "medium and lysed for an hour", None),
    ],
    ids=["half", "half at the end", "abbreviation", "name", "goes on", "without an end"],
)
def test_the_half_of_a_sentence_after_a_whole_one_goes_with_the_notice(
    before: str, after: str, left: str | None
) -> None:
    cleaned = clean(f"{before} {NOTICES['bioRxiv in order']} {after}")
    assert cleaned == (f"{before} {after}" if left is None else left).strip()


@pytest.mark.parametrize(
    "text",
    [
        "We posted a preprint of this work.",
        "The preprint was cited 12 times.",
        "The software is made available under a permissive license.",
        "It is made available under a MIT license.",
        "The author and the funder agreed.",
        "All rights of the patients were respected.",
        "The International license was granted.",
    ],
)
def test_sentences_about_such_things_stay(text: str) -> None:
    assert clean(text) == text
