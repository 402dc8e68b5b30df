"""Glyphs of the Symbol font are read before anything erases them."""

from __future__ import annotations

import pytest

from jobs.corpus.cleaning.rules import clean


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4 \uf06dg of TNF-\uf061 at 4 \uf0b0C, 3 \uf0b4 10 or \uf0a3 7", "4 μg of TNF-α at 4 °C, 3 × 10 or ≤ 7"),
        ("the b\uf062-barrel and D\uf044F508", "the β-barrel and ΔF508"),
        ("from 5\uf0a2 to 3\uf0a2", "from 5′ to 3′"),
        ("2 \uf0a3 \uf06b\uf020\uf03c\uf0209", "2 ≤ κ < 9"),
        ("n ³ 3, (³40 years), 5 m³ 6", "n ≥ 3, (≥40 years), 5 m3 6"),
        ("Leu12 \uf0e0 Ser12", "Leu12 → Ser12"),
        ("\uf0b7 first \uf0a7 second \uf0d8 third", "first second third"),
        ("a piece of a bracket \uf0e6 and another font's \ue123 go", "a piece of a bracket and another font's go"),
    ],
)
def test_they_become_what_they_show(text: str, expected: str) -> None:
    assert clean(text) == expected
