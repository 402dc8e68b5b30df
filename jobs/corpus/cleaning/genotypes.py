"""Knocked-out genes, of whose "-/-" PDF parses lose the second hyphen before a word: "Muc4 -/mice"."""

from __future__ import annotations

import re

_HALF = re.compile(r" -/(?<=[A-Za-z0-9] -/)(?=[a-z])")
NEEDS = ("[A-Za-z0-9] -/[a-z]",)


def complete_knockouts(text: str) -> str:
    """ "Muc4 -/- mice". A marker in capitals may be the next one: "CD14 -/CD16 +"."""
    return _HALF.sub(" -/- ", text)
