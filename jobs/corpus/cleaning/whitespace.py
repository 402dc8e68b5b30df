"""White space: one blank between words."""

from __future__ import annotations


def normalise_space(text: str) -> str:
    """Every run of white space becomes one blank; none at either end."""
    # The only printable white space is the blank: asking is several times faster than splitting.
    if text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text
    return " ".join(text.split())
