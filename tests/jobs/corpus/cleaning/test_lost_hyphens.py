"""A word that lost its hyphen has it again, as the same document writes it elsewhere."""

from __future__ import annotations

import re
from collections import Counter, defaultdict

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jobs.corpus.cleaning.lost_hyphens import restore_hyphens

TWICE = "It is {0}. It was {0}."


@pytest.mark.parametrize(
    ("lost", "whole"),
    [
        ("agedependent", "age-dependent"),
        ("Agedependent", "Age-dependent"),
        ("signal-tobackground", "signal-to-background"),
        ("Cterminal", "C-terminal"),
        ("pvalue", "p-value"),
    ],
)
def test_a_lost_hyphen_is_restored(lost: str, whole: str) -> None:
    known = TWICE.format(whole.lower() if whole[1:2] != "-" else whole)
    assert restore_hyphens([f"α is {lost}, here", known]) == [f"α is {whole}, here", known]


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("The representation is new.", TWICE.format("re-presentation")),  # another word
        ("Two agedependent and agedependent lines of agedependent cells", TWICE.format("age-dependent") * 3),
        ("An agedependent line", "It is age-dependent."),  # as often without
        ("An agedependent1 and β-agedependent line", TWICE.format("age-dependent")),
        ("A ttest", TWICE.format("t-test")),  # too short to be looked for
        ("An agedependent line", "It is ag-edependent. It is ag-edependent."),
    ],
)
def test_what_may_be_meant_stays(text: str, known: str) -> None:
    assert restore_hyphens([text, known]) == [text, known]


WORDS = ["age", "dependent", "line", "Signal", "to", "background", "C", "terminal", "é", "1", "_"]
TEXT = st.lists(
    st.sampled_from([*WORDS, "-", "-", "-", " ", " ", "  ", ". ", "age-dependent ", "agedependent "]), max_size=40
)


def restored_plainly(text: str) -> str:
    word = re.compile(r"(?<![\w@-])[A-Za-z](?:[A-Za-z-]*[A-Za-z])?(?![\w@-])")
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    for match in word.finditer(text):
        forms[match[0].replace("-", "").lower()][match[0].lower()] += 1

    def restored(match: re.Match[str]) -> str:
        letters = match[0].replace("-", "").lower()
        most = max(form.count("-") for form in forms[letters])
        whole = [form for form in forms[letters] if form.count("-") == most]
        count = sum(forms[letters][form] for form in whole)
        lesser = sum(count for form, count in forms[letters].items() if form.count("-") < most)
        first = next(each[0] for each in word.finditer(text) if each[0].lower() in whole and each[0].count("-") == most)
        prefix = first.partition("-")[0]
        if match[0].count("-") == most or count < 2 or lesser > 2 or lesser * 2 > count:
            return match[0]
        if max(map(len, match[0].split("-"))) < 6 or (len(prefix) == 2 and prefix.islower()) or len(letters) > 63:
            return match[0]
        rest = iter(match[0].replace("-", ""))
        return "".join(sign if sign == "-" else next(rest) for sign in first)

    return word.sub(restored, text)


@given(TEXT.map("".join))
@example("age-dependent agedependent age-dependent")
@example("age-dependent " * 3 + "x" * 50 + " agedependent" + " y" * 40 + " Agedependent")
@example("back-ground-age back-ground-age background-age")
def test_the_compiled_search_restores_what_the_plain_rule_does(text: str) -> None:
    assert restore_hyphens([text]) == [restored_plainly(text)]


@given(st.lists(st.text("ab-é \ud800", max_size=20), max_size=5))
def test_nothing_but_hyphens_is_added(texts: list[str]) -> None:
    assert [text.replace("-", "") for text in restore_hyphens(texts)] == [text.replace("-", "") for text in texts]
