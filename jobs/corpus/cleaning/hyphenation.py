"""Words that a line's end tore apart: "corona- virus"."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from itertools import compress

_TORN = re.compile(r"\b([A-Za-z]{2,})[-‐] ([a-z]{2,})\b")
_WORD = re.compile(r"[\w-]+")
_IN_WORD = re.compile(r"[\w-]")
_FEW = 24
"""Forms that are looked for one by one; for more of them, listing all words takes less time."""


def join_torn_words(paragraphs: Sequence[str]) -> list[str]:
    """Joined only as the same document writes the word elsewhere: "coronavirus", else "corona-virus".

    So "anti- and pro-inflammatory" and "T- cell" stay, and so does a torn word that occurs once.
    """
    torn = [("- " in text or "‐ " in text) and _TORN.search(text) is not None for text in paragraphs]
    if not any(torn):
        return list(paragraphs)
    forms = {
        form.lower() for text in compress(paragraphs, torn) for match in _TORN.finditer(text) for form in _forms(match)
    }
    written = _written(forms, "\n".join(map(str.lower, paragraphs)))

    def joined(match: re.Match[str]) -> str:
        return next((form for form in _forms(match) if form.lower() in written), match[0])

    return [_TORN.sub(joined, text) if is_torn else text for text, is_torn in zip(paragraphs, torn, strict=True)]


def _forms(match: re.Match[str]) -> tuple[str, str]:
    """How the torn word may be written elsewhere, the likelier first."""
    left, right = match[1], match[2]
    return left + right, f"{left}-{right}"


def _written(forms: Collection[str], text: str) -> set[str]:
    """Those of the forms that are words of the text."""
    if len(forms) > _FEW:
        return set(_WORD.findall(text)).intersection(forms)
    return {form for form in forms if _is_word(form, text)}


def _is_word(form: str, text: str) -> bool:
    start = text.find(form)
    while start >= 0:
        end = start + len(form)
        if not _IN_WORD.match(text, end) and not (start and _IN_WORD.match(text, start - 1)):
            return True
        start = text.find(form, end)
    return False
