"""What is cut out of a text leaves no trace."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cleaning.cutting import CUT, close_cuts


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("known @ .", "known."),
        ("known @ @ , @ . It", "known. It"),
        ("known. @ It", "known. It"),
        ("known.@. It", "known. It"),
        ("known, @, and", "known, and"),
        ("known, @. It", "known. It"),
        ("(n = 3; @)", "(n = 3)"),
        ("(@; n = 3)", "(n = 3)"),
        ("mice (@) died", "mice died"),
        ("mice ( @ , @ ).", "mice."),
        ("mice ([@])died", "mice died"),
        ("mice@died", "mice died"),
        ("@ Mice", "Mice"),
        ("@", ""),
        ("a @-based", "a-based"),
        ("untouched , ( ) text", "untouched , ( ) text"),
    ],
)
def test_the_seam_reads_as_if_nothing_had_been_there(marked: str, expected: str) -> None:
    assert close_cuts(marked.replace("@", CUT)) == expected


_WORDS = st.lists(
    st.sampled_from(["virus", "SARS-CoV-2", "(mice)", "12", "β", "cells,", "died.", "3.5", "“so”"]), min_size=1
)
_CITED = st.sampled_from(["@", " @", "@, @", "[@]", "(@, @)", "(see @)"]).map(lambda cited: cited.replace("see ", ""))


@given(st.lists(st.tuples(_WORDS, _CITED, st.sampled_from(["", " .", ",", ";"])), min_size=1, max_size=6), _WORDS)
def test_no_residue_and_no_glued_words(parts: list[tuple[list[str], str, str]], end: list[str]) -> None:
    marked = "".join(f"{' '.join(words)} {cited}{after} " for words, cited, after in parts) + " ".join(end)
    closed = close_cuts(marked.replace("@", CUT))
    assert CUT not in closed
    assert not re.search(r" [,.;)\]]|\(\s*\)|\[\s*\]|[(\[] |,[,.;]|\s\s", closed), closed
    letters = [word for word in re.split(r"[\s.,;()\[\]“”]+", marked.replace("@", " ")) if word]
    assert [word for word in re.split(r"[\s.,;()\[\]“”]+", closed) if word] == letters


@given(st.text(alphabet=f"ab ()[].,;-{CUT}", max_size=60))
def test_whatever_is_cut_words_keep_their_order_and_nothing_is_invented(marked: str) -> None:
    closed = close_cuts(marked)
    assert re.sub(r"[^ab]", "", closed) == re.sub(r"[^ab]", "", marked)
    assert CUT not in closed


def test_a_hundred_thousand_cuts_take_no_time() -> None:
    assert close_cuts(f"mice {CUT} . " * 100_000).count("mice.") == 100_000
