"""Unicode's normal forms cost linear time, in one place, and are Unicode's."""

import ast
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cleaning.rules import normalise_unicode
from jobs.corpus.cord19.layouts import spelling
from jobs.examples.characters import folded
from jobs.unicode_forms import AT_ONCE, NormalForm, is_normalised, normalised
from tests.patterns.growth import grows_too_fast

ROOT = Path(__file__).parents[2]
UNSORTED = "\u0301\u0323\u0338\u0345\u05b0\u0f71\u302a"
"""Accents of as many places, which Unicode wants in another order."""
FORMS: tuple[NormalForm, ...] = ("NFC", "NFD", "NFKC")


def normalises(path: Path) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr in ("normalize", "is_normalized")
        and isinstance(node.value, ast.Name) and node.value.id == "unicodedata"
        for node in ast.walk(ast.parse(path.read_text()))
    )  # fmt: skip


def test_python_s_own_is_called_in_one_place() -> None:
    files = [path for top in ("jobs", "controller") for path in (ROOT / top).rglob("*.py")]
    assert [path.name for path in files if normalises(path)] == ["unicode_forms.py"]


@pytest.mark.parametrize("work", [normalise_unicode, spelling, folded])
def test_accents_without_end_take_linear_time(work: object) -> None:
    assert callable(work)
    assert not grows_too_fast(lambda length: work("a" + UNSORTED * (length // len(UNSORTED))), 8_000, 64_000, 0.02, 24)


@pytest.mark.parametrize("form", FORMS)
@given(words=st.lists(st.text(st.sampled_from(f"ab\u00e9\u1e69\ufb01\u1112\u1161\u11ab{UNSORTED}"), max_size=9)))
def test_words_have_the_form_that_they_have_in_one_piece(form: NormalForm, words: list[str]) -> None:
    text = "".join(f" {word}" for word in words) * (AT_ONCE // 4)
    assert normalised(form, text) == unicodedata.normalize(form, text)
    assert is_normalised(form, text) == unicodedata.is_normalized(form, text)
