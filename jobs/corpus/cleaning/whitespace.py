"""White space: one blank between words."""

from __future__ import annotations


def normalise_space(text: str) -> str:
    """Every run of white space becomes one blank; none at either end."""
    if not text.isprintable():
        return " ".join(text.split())
    while "  " in text:  # the only printable white space is the blank: this is several times faster than splitting
        text = text.replace("  ", " ")
    return text.strip(" ")
