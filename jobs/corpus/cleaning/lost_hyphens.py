"""Hyphens that a line's end took from a word: "literaturederived", which the paper writes "literature-derived"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from jobs.corpus.cleaning.native import library
from jobs.native import END_OF_TEXT, address, joined

_WORD = re.compile(rb"[A-Za-z-]++")
_SHORTEST = 6
"""Letters of a word, at least."""
_MOST = 2
"""Times that a hyphen was lost from one word, at most; who writes more often without it, means to."""
_SHARE = 2
"""Times the word stands with it, at least, for each of those."""
_PREFIX = 2
"""Small letters before the hyphen that may make another word without it: "re-presentation"."""


def restore_hyphens(paragraphs: Sequence[str]) -> list[str]:
    """The paragraphs of one document, where a word of which one or two hyphens are missing has them.

    Only as the same document writes the word elsewhere, and more often.
    """
    encoded = joined(paragraphs)
    compounds = min(encoded.count(b"-"), len(encoded) // _SHORTEST)
    size = 1 << (2 * compounds + 2).bit_length()
    table = np.zeros((size, 3), np.int64)
    rows = np.empty((len(encoded) // _SHORTEST + 1, 3), np.int64)  # what is not written takes no memory
    found = library.find_lost_hyphens(encoded, len(encoded), address(table), size, address(rows))
    if not found:
        return list(paragraphs)
    variants: dict[int, list[int]] = defaultdict(list)
    counts: dict[int, int] = {}
    for place, compound, count in rows[:found].tolist():
        variants[compound].append(place)
        counts[compound] = count
    lost = [
        (place, compound)
        for compound, places in variants.items()
        if len(places) <= _MOST and len(places) * _SHARE <= counts[compound]
        for place in places
    ]
    kept, end = [], 0
    for place, compound in sorted(lost):
        word = _word_at(encoded, place)
        if form := _hyphenated(word, _word_at(encoded, compound)):
            kept += [encoded[end:place], form.encode()]
            end = place + len(word)
    if not end:
        return list(paragraphs)
    texts = b"".join([*kept, encoded[end:]]).split(END_OF_TEXT)[:-1]
    return [text.decode("utf-8", "surrogatepass") for text in texts]


def _word_at(encoded: bytes, place: int) -> str:
    match = _WORD.match(encoded, place)
    return match[0].decode() if match else ""


def _hyphenated(word: str, compound: str) -> str:
    """``word`` with the hyphens of ``compound``; empty where they are not the same letters, or may be two words."""
    if word.replace("-", "").lower() != compound.replace("-", "").lower():
        return ""
    first = compound.partition("-")[0]
    if len(first) == _PREFIX and first.islower():
        return ""
    letters = iter(word.replace("-", ""))
    return "".join(sign if sign == "-" else next(letters) for sign in compound)
