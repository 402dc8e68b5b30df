"""What a rule needs of a text: looked for as the regular expression that it is, and indeed needed."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cleaning.prefilter import Needs
from jobs.corpus.cleaning.rules import RULES, Rule

from .test_rules import CASES

PATTERNS = ("ab", "[ab]c", "a[^b]*c", r"\[[a-c]*\]", "^a", "b$", "^$", "^[ab]*$", "γ", "[^a]b", " a", r"a[\s]*b")
LOOKED_FOR = Needs([(pattern,) for pattern in PATTERNS])
MANY = tuple(f"pattern {number}" for number in range(60))

SHAPES = st.sampled_from(
    [
        *("[12]", "[\xa01\u2003]", "[1-3]", "(Li et al., 2020)", "virus.12 ", "virus,3 ", "virus²"),
        *("[", "]", "(", ")", " ", ".", ",", ";", "1", "12", "2019", "a", "x y z w ", "word", "Smith", "et al."),
        *("&amp;", "&", "\x00", "\x01", "\x02", "\xa0", "γ", "²", "\u200b", "\ufb01", "½", "\n", "\\usepackage{a}"),
        *("Fig. ", "Tables ", "supp ", "Eq", "FIG", "http", "://", "www.", "@", "a.b", "doi: ", "Rxiv preprint"),
        *("The copyright holder for", " this preprint", "peer review", "author/funder", "License Elsevier."),
        *(
            "This article is made available via the PMC ",
            "under a ",
            ". CC-BY 4.0 ",
            "International license",
            "reserved",
        ),
    ]
)
TEXT = st.lists(SHAPES | st.text(max_size=3), max_size=12).map("".join)


@given(st.lists(st.text(alphabet="abc[] γ\xa0\n", max_size=8), max_size=4))
def test_patterns_are_met_where_they_are(texts: list[str]) -> None:
    met = LOOKED_FOR.met(texts)
    assert met.shape == (len(texts), len(PATTERNS))
    for text, found in zip(texts, met.tolist(), strict=True):
        for pattern, is_met in zip(PATTERNS, found, strict=True):
            is_there = re.search(pattern.replace("$", r"\Z"), text) is not None
            assert is_met == is_there or (is_met and not text.isascii()), pattern


def test_the_patterns_of_one_rule_are_alternatives() -> None:
    assert Needs([("a", "b"), ("c",)]).met(["b", "c", "ac", ""]).tolist() == [
        [True, False],
        [False, True],
        [True, True],
        [False, False],
    ]


IN_BYTES = (b"\xc2[\x85\xa0]", b"\xe2\x80[\x80-\x8a]", b"\xef[\xbb-\xbf]", b"a\xce\xb3")


@given(st.lists(st.text(alphabet="aγ\xa0\x85é\u2000\u200a\u200b\u2020\ufeff\ufb01\U0001f600", max_size=5), max_size=3))
def test_patterns_in_bytes_tell_characters_apart(texts: list[str]) -> None:
    met = Needs([(pattern,) for pattern in IN_BYTES]).met(texts)
    assert met.tolist() == [[bool(re.search(pattern, text.encode())) for pattern in IN_BYTES] for text in texts]


@pytest.mark.parametrize("pattern", ["a+", "(a)", "a|b", ".", r"\d", "[a-z]*b", "a{2}", "[a", "a" * 65])
def test_other_regular_expressions_are_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"no room|characters and sets"):
        Needs([(pattern,)])


def test_too_many_patterns_are_refused() -> None:
    with pytest.raises(ValueError, match="no room"):
        Needs([MANY])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_leaves_the_characters_that_it_does_not_need(rule: Rule) -> None:
    texts = [f"a{chr(code)}b" for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    met = Needs([rule.needs]).met(texts)[:, 0].tolist()
    unmet = [text for text, is_met in zip(texts, met, strict=True) if not is_met]
    assert list(rule.apply(unmet)) == unmet


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@given(text=TEXT | st.sampled_from([text for text, _ in CASES.values()]))
def test_a_rule_leaves_a_text_that_lacks_what_it_needs(rule: Rule, text: str) -> None:
    if not Needs([rule.needs]).met([text])[0, 0]:
        assert list(rule.apply([text])) == [text]


def test_the_forms_of_unicode_need_every_character_that_is_not_left_alone() -> None:
    needs = next(rule.needs for rule in RULES if rule.name == "unicode")
    characters = [chr(code) for code in range(0x80, 0x10000) if not 0xD800 <= code < 0xE000]
    met = Needs([needs]).met(characters)[:, 0].tolist()
    decompositions = [unicodedata.decomposition(chr(code)).split() for code in range(0x110000)]
    joined = {chr(int(pair[1], 16)) for pair in decompositions if len(pair) == 2 and not pair[0].startswith("<")}
    for character, is_met in zip(characters, met, strict=True):
        if not is_met:
            assert unicodedata.is_normalized("NFKC", character)
            assert not unicodedata.combining(character)
            assert character not in joined
