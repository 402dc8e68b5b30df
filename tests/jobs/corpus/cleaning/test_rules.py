"""What cleaning changes, and what it must leave alone."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.cleaning.rules import RULES, clean, clean_each
from jobs.corpus.cleaning.whitespace import normalise_space

CASES = {
    "plain text stays": ("The virus (SARS-CoV-2) spread.", "The virus (SARS-CoV-2) spread."),
    "entity": ("R&amp;D at P &lt; 0.05", "R&D at P < 0.05"),
    "entity escaped twice": ("P &amp;lt; 0.05", "P < 0.05"),
    "numeric entities": ("IFN-&#947; and &#x3B2;", "IFN-γ and β"),
    "ampersand that is no entity": ("R&D, A&notch B", "R&D, A&notch B"),
    "Greek letters stay": ("IFN-γ, TNF-α, β-catenin, Δ", "IFN-γ, TNF-α, β-catenin, Δ"),
    "micro sign is Greek mu": ("5 \u00b5g", "5 \u03bcg"),
    "ligatures": ("signi\ufb01cant e\ufb00ect", "significant effect"),
    "full width": ("（Ｐ＜０．０５）", "(P<0.05)"),
    "square unit": ("10 m²", "10 m2"),
    "exponent": ("10⁵ PFU and 10⁻³ mol", "10^5 PFU and 10^-3 mol"),
    "subscript": ("CO₂", "CO2"),
    "fractions": ("2½ and ½", "2 1/2 and 1/2"),
    "degree": ("37 ºC and 4 ℃", "37 °C and 4 °C"),
    "spacing accent stays": ("the 5´ end", "the 5´ end"),
    "no-break space": ("5\u00a0mg\u202fdaily", "5 mg daily"),
    "soft hyphen and zero width": ("corona\u00advirus\u200b spike", "coronavirus spike"),
    "control characters": ("one\x00two\x07 three", "one two three"),
    "private-use glyph and replacement character": ("a \uf0b7 b \ufffd c", "a b c"),
    "white space": ("  one\t two\r\n\nthree\u2028four ", "one two three four"),
    "URL": ("See https://example.org/a?b=1&c=2. It is new.", "See. It is new."),
    "URL in brackets": ("The code (https://example.org/x) is free.", "The code is free."),
    "address without scheme": ("at www.example.org today", "at today"),
    "what led to it": ("It is free at https://example.org/x. Write to a@example.org.", "It is free. Write to."),
    "what leads on": ("It is free at https://example.org/x since May.", "It is free at since May."),
    "e-mail": ("Write to a.b-c@example.co.uk, please.", "Write to, please."),
    "e-mail in brackets": ("Write to us (who@example.org).", "Write to us."),
    "half a knock-out": ("Muc4 -/mice and Muc4 -/and WT", "Muc4 -/- mice and Muc4 -/- and WT"),
    "two markers": ("CD14 -/CD16 + and +/- or -/-", "CD14 -/CD16 + and +/- or -/-"),
    "at sign that is no address": ("cells @ 37 °C", "cells @ 37 °C"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_text_is_cleaned(text: str, expected: str) -> None:
    assert clean(text) == expected


def test_changes_are_counted_by_rule() -> None:
    changed: Counter[str] = Counter()
    assert clean_each(["P &lt; 0.05", "5 µg  ", "nothing"], changed) == ["P < 0.05", "5 μg", "nothing"]
    assert changed == {"html": 1, "unicode": 1, "space": 1}


def test_rules_have_names_of_their_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


@given(st.text(max_size=40) | st.text(" a\t\n\x1c\x85\u2003é\x00", max_size=20))
def test_white_space_is_joined_as_python_splits_it(text: str) -> None:
    assert normalise_space(text) == " ".join(text.split())


@given(st.text(max_size=200))
def test_clean_text_is_one_line_without_control_characters(text: str) -> None:
    cleaned = clean(text)
    assert cleaned == " ".join(cleaned.split())
    assert not any(character in cleaned for character in "\x00\x07\x7f\u200b\ufeff\ufffd")


@given(st.text(alphabet="abc ABC 012 .,;:()", max_size=200))
def test_ordinary_text_only_loses_white_space(text: str) -> None:
    # An empty bracket is what a removed address leaves; here none was removed.
    assert clean(text) == " ".join(text.split())


def test_a_paragraph_of_ten_megabytes_is_cleaned_in_seconds() -> None:
    paragraph = "The titre of TNF-α rose (Fig. 2) by 5 µg in the preprint; see doi . 10 . " * 140_000
    assert clean(paragraph).count("TNF-α") == 140_000
