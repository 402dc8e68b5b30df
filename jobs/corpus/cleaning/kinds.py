"""Texts as compiled rules read them: a byte for each character, so that places are those of the text."""

from __future__ import annotations

import numpy as np

LETTER, NUMERAL, BLANK, SIGN = range(0x80, 0x84)
"""The kinds of characters beyond ASCII, as regular expressions tell them apart: ``\\w``, ``\\d``, ``\\s``, and others.
The numbers are kinds.h's."""
_UNKNOWN = 0xFF
_KINDS = np.full(0x110000, _UNKNOWN, np.uint8)
"""By code point, filled as characters are met."""
_KINDS[:0x80] = np.arange(0x80)


def kinds(text: str) -> bytes:
    """A byte for each character: itself, or its kind."""
    if text.isascii():
        return text.encode()
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    found = _KINDS.take(codes).tobytes()
    if _UNKNOWN in found:
        for character in set(text):
            if not character.isascii():
                _KINDS[ord(character)] = _kind(character)
        found = _KINDS.take(codes).tobytes()
    return found


def _kind(character: str) -> int:
    if character.isdecimal():
        return NUMERAL
    if character.isalnum():
        return LETTER
    return BLANK if character.isspace() else SIGN
