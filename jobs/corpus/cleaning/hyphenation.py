"""Words that a line's end tore apart: "corona- virus"."""

from __future__ import annotations

import re
from collections.abc import Sequence

_TORN = re.compile(r"\b([A-Za-z]{2,})[-‐] ([a-z]{2,})\b")
_WORD = re.compile(r"[\w-]+")


def join_torn_words(paragraphs: Sequence[str]) -> list[str]:
    """Joined only as the same document writes the word elsewhere: "coronavirus", else "corona-virus".

    So "anti- and pro-inflammatory" and "T- cell" stay, and so does a torn word that occurs once.
    """
    torn = [("- " in text or "‐ " in text) and _TORN.search(text) is not None for text in paragraphs]
    if not any(torn):
        return list(paragraphs)
    written = set(_WORD.findall("\n".join(paragraphs).lower()))

    def joined(match: re.Match[str]) -> str:
        left, right = match[1], match[2]
        for form in (left + right, f"{left}-{right}"):
            if form.lower() in written:
                return form
        return match[0]

    return [_TORN.sub(joined, text) if is_torn else text for text, is_torn in zip(paragraphs, torn, strict=True)]
