"""The numbers in the margin of a manuscript, which PDF parses set into its sentences: "binds to 110 the spike"."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import accumulate, chain, compress, groupby, pairwise
from statistics import median

import numpy as np

from jobs.corpus.cleaning.lone_line_numbers import lone_line_numbers
from jobs.corpus.cleaning.native import Lines, library
from jobs.native import address

_AT_END = re.compile(r"[A-Za-z](-[0-9]{1,4})$")
"""A line's number that tears a name at the end of a page: "SARS-243"."""
_BEFORE_STOP = re.compile(r" [1-9](?<=[A-Za-z)\]] [1-9])[0-9]{1,3}(?=[.,;] )")
"""Where the next line began with a citation that is cut: "sperm 352 (Sutton, 2004)", then a stop."""
_LONGEST_STOP = 8
"""Characters of it and of what follows it, at most."""
_SKIPPED = 6
"""Lines between two numbers, at most: the others' text went into a table, a figure or another section."""
_LONGEST_LINE = 160
_INTERRUPTION, _LONG_INTERRUPTION = 500, 2000
"""Characters that may come between two lines beside their own: a page's notice, a legend. The second
holds in a manuscript whose lines are known to be numbered."""
_SHORTEST_LINE = 30
"""Characters a line has in the series' middle, at least: a table's columns and lists count faster."""
_SERIES, _FRAGMENT, _PAIR = 8, 3, 2
"""Numbers in a series, at least; in one that legends and tables broke off a known one; and in one that also fits
in between its neighbours' numbers."""
_LONG_FRAGMENT, _STEADY = 5, 0.75
"""A fragment of so many numbers is steady if this share of its lines is: a legend may stand in one of them."""
_SHORTEST_THING, _LONGEST_THING = 4, 24
"""Characters of a word that numbers may count: shorter ones, "of" and "the", end many lines by chance."""
_NEIGHBOURS = 3
_KNOWN, _KNOWN_SHARE = 20, 0.2
"""A manuscript's lines are known to be numbered from this many lines on, which hold this share of its text."""
_CANDIDATES = 3
_UNIT = re.compile(r" (?:s|th|rd|o C|°|%|[kmnμµ]?g|[mnμµ]?[lLM]|kb|bp|kDa)(?![\w-])")
_CAPTIONED = (
    "Table",
    "Figure",
    "Fig",
    "Fig.",
    "Box",
    "Step",
    "Section",
    "Day",
    "day",
    " every",
    " least",
    " approximately",
)
"""Before these numbers count too, but not lines."""


def remove_line_numbers(paragraphs: Sequence[str]) -> list[str]:
    """The paragraphs of one document without the numbers that count its lines.

    A number is one if it belongs to a series that increases through the text at the pace of lines;
    numbers that stand between those, a dose or an age, are no part of it.
    """
    joined = f" {'  '.join(paragraphs)} "  # two blanks are between any two, and in no number
    in_bytes = joined.encode("utf-8", "surrogatepass")
    numbers = _numbers(in_bytes)
    if len(numbers) < _SERIES:
        return list(paragraphs)
    torn = [each for each in _torn_numbers(in_bytes) if joined[each[0] - 2].islower()]
    torn += _torn_at_ends(paragraphs)
    if torn:
        numbers = sorted([*numbers, *torn])
    counting = _counting_lines(joined, [value for _, _, value in numbers], [start for start, _, _ in numbers])
    ends = list(accumulate(len(text) + 2 for text in paragraphs))
    cuts: dict[int, list[tuple[int, int]]] = defaultdict(list)
    counted = [numbers[number] for number in counting]
    lone = lone_line_numbers(joined, numbers, counting) if len(counting) >= _KNOWN else ()
    for start, end, _ in sorted([*counted, *_before_stops(joined, counted), *lone]):
        is_index = end == start + 2 and _is_index(joined, start)
        if not (is_index or joined.endswith(_CAPTIONED, 0, start) or _UNIT.match(joined, end)):
            index = bisect_right(ends, start)
            begin = ends[index] - len(paragraphs[index]) - 2
            cuts[index].append((start - begin, end - begin))
    return [_without(f" {text} ", cuts[index]) if index in cuts else text for index, text in enumerate(paragraphs)]


def _is_index(text: str, start: int) -> bool:
    """Whether a digit is behind one letter, as in "R 2" and "|z 1 |"; "a" and "I" are words."""
    letter = text[start - 1]
    return letter.isalpha() and letter not in "aAI" and text[start - 2] in " |("


def _torn_at_ends(paragraphs: Sequence[str]) -> list[list[int]]:
    """The numbers after a hyphen that paragraphs end with, as ``_torn_numbers`` has them."""
    found = []
    begin = 1
    for text in paragraphs:
        if text[-1:].isdigit() and (match := _AT_END.search(text, max(0, len(text) - 6))):
            found.append([begin + match.start(1) + 1, begin + match.end(1), int(match[1][1:])])
        begin += len(text) + 2
    return found


def _before_stops(text: str, counted: Sequence[list[int]]) -> Iterator[list[int]]:
    """The numbers before a stop of lines between two that are ``counted``, where those lines end."""
    for (earlier, _, first), (later, _, last) in pairwise(counted):
        if not first + 1 < last <= first + _SKIPPED:
            continue
        line = (later - earlier) / (last - first)
        for match in _BEFORE_STOP.finditer(text, earlier, later + _LONGEST_STOP):
            if match.start() >= later:
                break
            value = int(match[0])
            if first < value < last and abs(match.start() - earlier - line * (value - first)) < line / 2:
                yield [match.start(), match.end(), value]


def _without(text: str, cuts: list[tuple[int, int]]) -> str:
    kept = []
    end = 0
    for start, stop in cuts:
        kept.append(text[end:start])
        end = stop
    return "".join([*kept, text[end:]]).strip(" ")


def _count_a_thing(text: str, places: Collection[int]) -> bool:
    """Whether most of the numbers at ``places`` stand behind one word, which they count: "Patient 4"."""
    words = Counter(word for place in places if len(word := _word_before(text, place)) >= _SHORTEST_THING)
    return max(words.values(), default=0) * 2 > len(places)


def _word_before(text: str, place: int) -> str:
    """The word that a blank parts from ``place``; empty where a paragraph begins there."""
    before = text[max(0, place - _LONGEST_THING) : place]
    return "" if before.endswith("  ") else before[before.rfind(" ", 0, -1) + 1 : -1]


def _counting_lines(text: str, values: Sequence[int], places: Sequence[int]) -> list[int]:
    """Indexes of the numbers that count lines, in order."""

    def pace(earlier: int, later: int) -> float:
        """Characters per line."""
        return (places[later] - places[earlier]) / (values[later] - values[earlier])

    lines = [
        number
        for number, (value, later, place, later_place) in enumerate(
            zip(values, values[1:], places, places[1:], strict=False)
        )
        if 0 < later - value <= _SKIPPED and _SHORTEST_LINE < later_place - place < _LONGEST_LINE * (later - value)
    ]
    if len(lines) < _SERIES // 2:
        return []
    usual = median(pace(number, number + 1) for number in lines)
    shortest, longest = usual * 0.6, usual * 1.4
    # The lines seen so far make up a good part of the text; every fifth may have a number.
    covered = sum(places[number + 1] - places[number] for number in lines)
    known = len(lines) >= _KNOWN and covered >= _KNOWN_SHARE * places[-1]

    def steady(one: Sequence[int]) -> float:
        """The share of its lines that are about as long as lines usually are."""
        return sum(shortest < pace(*pair) < longest for pair in pairwise(one)) / (len(one) - 1)

    def even(one: Sequence[int]) -> float:
        """The share of its steps that are its usual step: one line, or five."""
        steps = Counter(values[later] - values[earlier] for earlier, later in pairwise(one))
        return max(steps.values()) / (len(one) - 1)

    def counts_lines(one: Sequence[int]) -> bool:
        if known:
            share = 0.2 if len(one) >= _SERIES else _STEADY if len(one) >= _LONG_FRAGMENT else 1.0
            return len(one) >= _FRAGMENT and steady(one) >= share
        return len(one) >= _SERIES and steady(one) >= 0.6 and even(one) >= 0.6

    series = [
        one
        for one in _series(values, places, usual, _LONG_INTERRUPTION if known else _INTERRUPTION)
        if len(one) < _FRAGMENT or not _count_a_thing(text, [places[number] for number in one])
    ]
    counting: list[int] = []
    count_lines = list(map(counts_lines, series))
    lined = sorted(compress(series, count_lines), key=_magnitude, reverse=True)
    for _, alike in groupby(lined, _magnitude):
        others = [one for one in alike if not _lies_within_lines(one, values, places, usual, counting)]
        counting = sorted(chain(counting, *others))
    if not known:
        return counting
    between = [
        one
        for one, counts in zip(series, count_lines, strict=True)
        if not counts and _fits(one, values, counting) and steady(one) >= (0.5 if len(one) > _PAIR else 1.0)
    ]
    return sorted([*counting, *(number for one in between for number in one)])


def _magnitude(one: Sequence[int]) -> tuple[int, int]:
    """How long a series is, in steps of an eighth to a quarter: those of one magnitude are judged at once."""
    bits = len(one).bit_length()
    return bits, len(one) >> max(0, bits - 3)


def _lies_within_lines(
    one: Sequence[int], values: Sequence[int], places: Sequence[int], pace: float, counting: Sequence[int]
) -> bool:
    """Whether most numbers of the series are in lines whose own number, and the next line's, are known."""

    def is_within(number: int) -> bool:
        after = bisect_right(counting, number)
        if not 0 < after < len(counting):
            return False
        earlier, later = counting[after - 1], counting[after]
        return values[later] == values[earlier] + 1 and places[later] - places[earlier] < 1.4 * pace

    return sum(map(is_within, one)) * 2 > len(one)


def _fits(one: Sequence[int], values: Sequence[int], counting: Sequence[int]) -> bool:
    """Whether the series continues those that are known to count lines: its values are between its neighbours'."""
    place = bisect_right(counting, one[0])
    before, after = counting[max(0, place - _NEIGHBOURS) : place], counting[place : place + _NEIGHBOURS]
    return (
        bool(before)
        and bool(after)
        and all(values[number] < values[one[0]] for number in before)
        and all(values[number] > values[one[-1]] for number in after)
    )


def _numbers(text: bytes) -> list[list[int]]:
    """The numbers between blanks, of at most four digits: where the blank before begins, where the number ends, and
    its value.

    Also with blanks between up to three digits, as some parses have all numbers of a margin.
    """
    rows = np.empty((len(text) // 2 + 1, 3), np.int32)  # what is not written takes no memory
    return rows[: library.find_numbers(text, len(text), address(rows))].tolist()  # type: ignore[no-any-return]


def _torn_numbers(text: bytes) -> list[list[int]]:
    """As ``_numbers``, behind a hyphen at a line's end that tears a word: "coro-12 navirus"."""
    rows = np.empty((len(text) // 2 + 1, 3), np.int32)
    return rows[: library.find_torn_numbers(text, len(text), address(rows))].tolist()  # type: ignore[no-any-return]


def _series(values: Sequence[int], places: Sequence[int], pace: float, interruption: int) -> list[list[int]]:
    """Disjoint increasing series, each as long as can be; of numbers alike, those that keep to ``pace``
    (characters per line)."""
    scores, previous = np.empty(len(values)), np.empty(len(values), np.int32)
    recent = np.full((max(values) + 1 + _SKIPPED, _CANDIDATES), -1, np.int32)
    columns = (np.array(values, np.int32), np.array(places, np.int32))
    lines = Lines(pace, _SKIPPED, _LONGEST_LINE, interruption)
    library.link_numbers(
        *map(address, columns), len(values), lines, address(recent), address(scores), address(previous)
    )
    linked = np.flatnonzero(previous >= 0)
    before = previous.tolist()
    taken: set[int] = set()
    found = []
    for last in linked[np.argsort(-scores[linked], kind="stable")].tolist():  # of equals the first comes first
        one = []
        number = last
        while number >= 0 and number not in taken:
            one.append(number)
            taken.add(number)
            number = before[number]
        if len(one) >= _PAIR:
            found.append(one[::-1])
    return found
