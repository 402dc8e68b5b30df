"""Sentences that a parse of pages set together, where a column, a heading or a line between them went lost.

"the hosts are unclear In summary, this study", "Cell culture The cells were", "of the infection. public health impact".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from jobs.corpus.cleaning.native import library
from jobs.corpus.cleaning.word_set import words
from jobs.native import address, joined

_BEFORE_CAPITAL = 0
"""What tells a seam, as in sentences.c; the other is a stop before a small letter."""

_OPENINGS = words(
    "additionally all although altogether among as at based because both during each finally for furthermore given "
    "here however if in interestingly it its many moreover next our previous previously recent recently several "
    "similarly since some taken the their then there therefore these they this thus to together using we when while"
)
"""Large in a sentence's middle only where another begins. (Not "a", which also names things: "influenza A virus".)"""
_KEYS = np.array(sorted(word.encode() for word in _OPENINGS), "S16")
_KEYS_ADDRESS = address(_KEYS)
_LATIN = ("In vitro", "In vivo", "In silico", "In situ", "In utero", "In planta")

_LINKS = words("and or but nor of to with by which that who whom whose than from for into via")
"""No sentence begins with one of these in small letters, whoever wrote it."""
_MOST_SMALL = 3
"""Sentences of a paper that begin in small letters, at most: an author who writes more of them means sentences."""
_MOST_HALVES = 24
"""Halves behind stops in a paper, at most; where there are more, the stops are no stops."""
_HEADING = 6
"""Words at a paragraph's beginning, at most, that are a heading or a stub and no sentence when another is behind."""


def part_sentences(texts: Sequence[str]) -> list[str]:
    """The texts of a document, each in the parts that it was set together from; of headings nothing is left.

    A part behind a stop begins in mid-sentence: one that may be a sentence in small letters stays where it is. The word
    before that stop is written without one elsewhere, so it is no abbreviation.
    """
    encoded = joined(texts)
    rows = np.empty((len(encoded) // 3 + 1, 3), np.int32)  # what is not written takes no memory
    found = library.find_seams(encoded, len(encoded), _KEYS_ADDRESS, len(_KEYS), address(rows))
    places: dict[int, list[int]] = defaultdict(list)
    behind_stops = []
    for number, place, kind in rows[:found].tolist():
        if kind != _BEFORE_CAPITAL:
            behind_stops.append((number, place))
        elif not texts[number].startswith(_LATIN, place):
            places[number].append(place)
    for number, place in _halves(texts, behind_stops):
        places[number].append(place)
    if not places:
        return list(texts)
    return [
        part
        for number, text in enumerate(texts)
        for part in (_parts(text, sorted(places[number])) if number in places else (text,))
    ]


def _halves(texts: Sequence[str], places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Those of the places behind a stop where a half of a sentence begins."""
    halves, small = [], 0
    for number, place in places:
        text = texts[number]
        first = text[place : place + 20].partition(" ")[0].strip(",;:")
        small += first not in _LINKS
        if first not in _OPENINGS and first.isalpha() and first.islower():
            halves.append((number, place))
    if not 0 < len(halves) <= _MOST_HALVES or small > _MOST_SMALL:
        return []
    whole = "\n".join(texts)

    def is_written(number: int, place: int) -> bool:
        text = texts[number]
        last = text[text.rfind(" ", 0, place - 1) + 1 : place - 2].strip("([)]")
        return f" {last} " in whole or f" {last}, " in whole

    return [(number, place) for number, place in halves if is_written(number, place)]


def _parts(text: str, places: Sequence[int]) -> list[str]:
    parts = [text[start:end].rstrip() for start, end in zip((0, *places), (*places, len(text)), strict=True)]
    is_heading = parts[0].count(" ") < _HEADING and not parts[0].endswith((".", ":", "?", "!"))
    return parts[1:] if is_heading else parts
