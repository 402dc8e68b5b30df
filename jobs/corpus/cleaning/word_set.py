"""Lists of words, as rules look them up."""

from __future__ import annotations


def words(text: str) -> frozenset[str]:
    """The words of ``text``, which blanks separate."""
    return frozenset(text.split())
