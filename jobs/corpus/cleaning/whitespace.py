"""White space: one blank between words."""

from __future__ import annotations

_ASCII_SPACE = "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f"
"""Beside the blank."""


def normalise_space(text: str) -> str:
    """Every run of white space becomes one blank; none at either end."""
    if not _has_blanks_alone(text):
        return " ".join(text.split())
    parts = [part.strip(" ") for part in text.split("  ")]  # several times faster than parting every word
    return " ".join(filter(None, parts))


def _has_blanks_alone(text: str) -> bool:
    """Whether blanks are all of its white space, as far as can be told at once: no other is printable."""
    return not any(map(text.__contains__, _ASCII_SPACE)) if text.isascii() else text.isprintable()
