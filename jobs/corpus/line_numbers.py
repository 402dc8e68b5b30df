"""The numbers in the margin of a manuscript, which PDF parses set into its sentences: "binds to 110 the spike"."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

_NUMBER = re.compile(r" ([0-9]{1,4})(?= )")
_SKIPPED = 6
"""Lines between two numbers, at most: the others' text went into a table, a figure or another section."""
_LONGEST_LINE = 160
_INTERRUPTION = 500
"""Characters that may come between two lines beside their own: a page's notice, a legend."""
_SHORTEST_LINE = 30
"""Characters a line has in the series' middle, at least: a table's columns and lists count faster."""
_SERIES = 8
"""Numbers in a series, at least."""
_CANDIDATES = 4


def remove_line_numbers(paragraphs: Sequence[str]) -> list[str]:
    """The paragraphs of one document without the numbers that count its lines.

    A number is one if it belongs to a series that increases through the text at the pace of lines;
    numbers that stand between those, a dose or an age, are no part of it.
    """
    texts = [f" {text} " for text in paragraphs]
    values: list[int] = []
    places: list[int] = []
    owners: list[tuple[int, int, int]] = []
    offset = 0
    for index, text in enumerate(texts):
        for match in _NUMBER.finditer(text):
            values.append(int(match[1]))
            places.append(offset + match.start())
            owners.append((index, match.start(), match.end()))
        offset += len(text)
    cuts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    if len(values) >= _SERIES:
        for number in _counting_lines(values, places):
            index, start, end = owners[number]
            cuts[index].append((start, end))
    return [_without(texts[index], cuts[index]) if index in cuts else text for index, text in enumerate(paragraphs)]


def _without(text: str, cuts: list[tuple[int, int]]) -> str:
    kept = []
    end = 0
    for start, stop in cuts:
        kept.append(text[end:start])
        end = stop
    return "".join([*kept, text[end:]]).strip(" ")


def _counting_lines(values: Sequence[int], places: Sequence[int]) -> list[int]:
    """Indexes of the numbers that count lines, in order."""
    series = _series(values, places, 0.0)
    paces = [
        (places[later] - places[earlier]) / (values[later] - values[earlier])
        for one in series
        for earlier, later in pairwise(one)
    ]
    if not paces:
        return []
    pace = median(paces)
    if pace < _SHORTEST_LINE:
        # Lists and tables are in the majority; lines, if any, are the slow series among them.
        series = [one for one in series if (places[one[-1]] - places[one[0]]) >= _SHORTEST_LINE * len(one)]
        return sorted(number for one in series for number in one)
    return sorted(
        number
        for one in _series(values, places, pace)
        if (places[one[-1]] - places[one[0]]) >= _SHORTEST_LINE * (values[one[-1]] - values[one[0]])
        for number in one
    )


def _series(values: Sequence[int], places: Sequence[int], pace: float) -> list[list[int]]:
    """Disjoint increasing series, each as long as can be; of numbers alike, those that keep to ``pace``
    (characters per line; 0 if it is not known)."""
    recent: dict[int, list[int]] = defaultdict(list)
    scores: list[float] = []
    previous: list[int] = []
    for number, (value, place) in enumerate(zip(values, places, strict=True)):
        best, before = 1.0, -1
        for skipped in range(1, _SKIPPED + 1):
            for candidate in recent.get(value - skipped, ()):
                gap = place - places[candidate]
                if gap > _LONGEST_LINE * skipped + _INTERRUPTION:
                    continue
                stray = min(1.0, abs(gap / skipped - pace) / pace) if pace else 0.0
                score = scores[candidate] + 1.0 - 0.5 * stray - 0.05 * skipped
                if score > best:
                    best, before = score, candidate
        scores.append(best)
        previous.append(before)
        recent[value] = [*recent[value][1 - _CANDIDATES :], number]
    taken: set[int] = set()
    found = []
    for last in sorted(range(len(scores)), key=lambda number: (-scores[number], number)):
        one = []
        number = last
        while number >= 0 and number not in taken:
            one.append(number)
            taken.add(number)
            number = previous[number]
        if len(one) >= _SERIES:
            found.append(one[::-1])
    return found
