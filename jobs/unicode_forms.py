"""Unicode's normal forms of texts from outside, in linear time. Light."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from typing import Literal

NormalForm = Literal["NFC", "NFD", "NFKC"]

AT_ONCE = 4096
"""Characters normalised in one go: accents on one letter are sorted in a time that grows with their square."""


def normalised(form: NormalForm, text: str) -> str:
    """``text`` in a normal form; of more than ``AT_ONCE`` characters without a blank, each piece is by itself."""
    if len(text) <= AT_ONCE:  # as nearly all are
        return unicodedata.normalize(form, text)
    return "".join(unicodedata.normalize(form, part) for part in _cut_at_blanks(text))


def is_normalised(form: NormalForm, text: str) -> bool:
    if len(text) <= AT_ONCE:
        return unicodedata.is_normalized(form, text)
    return all(unicodedata.is_normalized(form, part) for part in _cut_at_blanks(text))


def _cut_at_blanks(text: str) -> Iterator[str]:
    """``text`` in parts of at most ``AT_ONCE`` characters that begin with a blank, to which nothing is joined."""
    start = 0
    while len(text) - start > AT_ONCE:
        end = start + AT_ONCE
        blank = text.rfind(" ", start + 1, end)
        yield text[start : (end := blank if blank > 0 else end)]
        start = end
    yield text[start:]
