"""Numbers of single lines in a manuscript whose lines are known to be numbered, between lines that the parse lost.

They belong to no series, but stand where the count of lines has its gap: "removed 465 by centrifugation", when lines
up to 451 come before and none below 466 behind. A quantity seldom does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from operator import or_

from jobs.corpus.cleaning.citation_style import BEFORE_QUANTITIES, LABELS
from jobs.corpus.cleaning.word_set import words

_LOWEST, _LOWEST_PLAIN = 50, 100
"""Smaller numbers are quantities too often; those below the second are looked at more closely."""
_BEYOND = 100
"""Lines that may follow the last one that is known."""
_STEP = 12
"""Lines from one of them to the next, at most."""
_WINDOW = 40
_NUMERIC = re.compile(r"[0-9.,;:%()±×<>=~≥≤/–-]+")
_QUANTIFIED = words(
    "cases patients samples individuals people persons subjects participants infections deaths sequences genomes "
    "genes proteins strains isolates mice animals birds studies articles papers sites residues positions reads "
    "species days hours minutes times countries cities provinces h hr hrs min sec ms d y yr years months weeks "
    "percent pg ng ml tcid50 pfu rpm cells copies bases nucleotides aa nt mers and or to"
)
"""After these a number is what is counted, or one of several."""
_LINKS = words("to and or vs versus")
"""Between two numbers."""


def lone_line_numbers(text: str, numbers: Sequence[Sequence[int]], counting: Sequence[int]) -> Iterator[Sequence[int]]:
    """Those of the ``numbers`` (begin, end, value) that lie in a gap between those ``counting`` lines (indexes).

    Behind the last of these nothing bounds the gap: there two numbers must count on together.
    """
    known = set(counting)
    behind: list[Sequence[int]] = []
    for index, number in enumerate(numbers):
        start, end, value = number
        if value < _LOWEST or index in known:
            continue
        place = bisect_right(counting, index)
        if not place:
            continue
        before = numbers[counting[place - 1]][2]
        is_between = place < len(counting)
        after = numbers[counting[place]][2] if is_between else before + _BEYOND
        if before < value < after and _is_out_of_place(text, start, end, is_between and value >= _LOWEST_PLAIN):
            if is_between:
                yield number
            else:
                behind.append(number)
    steps = [0 < later[2] - earlier[2] <= _STEP for earlier, later in pairwise(behind)]
    yield from (
        number for number, counts in zip(behind, map(or_, [False, *steps], [*steps, False]), strict=False) if counts
    )


def _is_out_of_place(text: str, start: int, end: int, is_plain: bool) -> bool:
    """Whether the words around the number do without it."""
    lead = text[max(0, start - _WINDOW) : start].split()
    follower = text[end : end + _WINDOW].split(maxsplit=1)
    last = lead[-1].lower() if lead else ""
    first = follower[0].lower() if follower else ""
    if _NUMERIC.fullmatch(last) or _NUMERIC.fullmatch(first) or first.strip(".,;:()") in _QUANTIFIED:
        return False
    if last in _LINKS and len(lead) > 1 and any(map(str.isdigit, lead[-2])):
        return False  # "residues 27 to 179"
    label = last.strip("(.,;:")
    return label not in LABELS and (is_plain or label not in BEFORE_QUANTITIES)
