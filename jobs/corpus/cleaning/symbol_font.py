"""Glyphs of the Symbol font, which PDF parses give as private-use characters: U+F06D for μ."""

from __future__ import annotations

import re

_FIRST, _BLANK = 0xF000, 0x20
"""Private-use characters are a font's own codes from the first on."""

# Adobe's Symbol encoding, as Unicode publishes it (VENDORS/ADOBE/symbol.txt): of each row of 16 codes, from 0x20 on.
# NUL is a code without a glyph, or with a piece of a tall bracket.
_ROWS = {
    0x20: " !∀#∃%&∋()∗+,−./",
    0x30: "0123456789:;<=>?",
    0x40: "≅ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟ",
    0x50: "ΠΘΡΣΤΥςΩΞΨΖ[∴]⊥_",
    0x60: "\0αβχδεφγηιϕκλμνο",
    0x70: "πθρστυϖωξψζ{|}∼\0",
    0xA0: "€ϒ′≤⁄∞ƒ♣♦♥♠↔←↑→↓",
    0xB0: "°±″≥×∝∂•÷≠≡≈…\0\0↵",
    0xC0: "ℵℑℜ℘⊗⊕∅∩∪⊃⊇⊄⊂⊆∈∉",
    0xD0: "∠∇®©™∏√⋅¬∧∨⇔⇐⇑⇒⇓",
    0xE0: "◊〈®©™∑\0\0\0\0\0\0\0\0\0\0",
    0xF0: "\0〉∫⌠\0⌡\0\0\0\0\0\0\0\0\0\0",
}
# Word sets these from Wingdings, which has the same private-use codes: an arrow, and bullets, which say nothing.
_WINGDINGS = {0xE0: "→"}
_BULLETS = (0x76, 0xA7, 0xA8, 0xB7, 0xD8)
_GLYPHS = {row + column: sign for row, signs in _ROWS.items() for column, sign in enumerate(signs) if sign != "\0"}
_TABLE = {_FIRST + code: sign for code, sign in (_GLYPHS | _WINGDINGS).items() if code not in _BULLETS}

_SYMBOL = re.compile("[\uf020-\uf0ff]")
_AT_LEAST = re.compile(r"(?<![^\s(])³(?=\s?[0-9])")
"""Some parses give the code itself: a superscript that follows nothing is none, but the Symbol font's ≥."""


def read_symbols(text: str) -> str:
    """``text`` with the characters that those glyphs show. What has none stays, for another rule to remove.

    Some parses give a glyph twice: as the character of the same code, and as itself.
    """
    if "³" in text:
        text = _AT_LEAST.sub("≥", text)
    for glyph in sorted({*_SYMBOL.findall(text)}):
        code = ord(glyph) - _FIRST
        if code in _GLYPHS and code > _BLANK:
            text = text.replace(chr(code) + glyph, glyph)
    return _SYMBOL.sub(_shown, text)


def _shown(glyph: re.Match[str]) -> str:
    return _TABLE.get(ord(glyph[0]), glyph[0])
