"""Texts that make a given regular expression work hard, made from the expression itself.

A backtracking matcher is slow where much of a pattern matches in many ways, or from many places, and then fails. So a
text repeats what parts of the pattern match, behind what the pattern needs before that part, and before what it does
not want.
"""

from __future__ import annotations

import random
import re
import re._constants as op
import re._parser as parser
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from tests.patterns.characters import PLACES, REPEATS, alphabet, members

MOST = 25
"""Different repeated parts of one pattern."""
_SPELLINGS = 3
_LONGEST = 200


class Hostile(NamedTuple):
    before: str
    repeated: str
    after: str

    def text(self, length: int) -> str:
        return self.before + self.repeated * (length // len(self.repeated)) + self.after


def hostile_texts(pattern: re.Pattern[Any]) -> Iterator[Hostile]:
    """The same ones each time."""
    random_ = random.Random(f"{pattern.pattern!r}")
    spell = _Spelling(pattern, random_)
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    befores = {""}
    parts: dict[str, None] = {}
    for before, part in _parts(tree):
        befores.add(spell.out(before))
        parts |= dict.fromkeys(spell.out(part) for _ in range(_SPELLINGS))
    singles = [part for part in parts if 0 < len(part) <= _LONGEST]
    pairs = [blank.join(random_.choices(singles, k=2)) for blank in ("", " ") for _ in singles]
    chosen: dict[str, None] = dict.fromkeys(
        [" ", ".", "(", "1", "a", "1, ", *random_.sample(both := singles + pairs, min(MOST, len(both)))]
    )
    openings = sorted(befores)
    for repeated in chosen:
        for opening in sorted({"", random_.choice(openings)}):
            yield from (Hostile(opening, repeated, after) for after in ("", "\n!"))


def _parts(tree: Any, before: Sequence[Any] = ()) -> Iterator[tuple[list[Any], list[Any]]]:
    """Parts of the pattern, each with what precedes it: one thing, two neighbours, or all but a sequence's last."""
    items = list(tree)
    if len(items) > 2:
        yield list(before), items[:-1]
    for place, item in enumerate(items):
        here = [*before, *items[:place]]
        yield here, items[place : place + 1]
        yield here, items[place : place + 2]
        for child in _children(item):
            yield here, list(child)
            yield from _parts(child, here)


def _children(item: tuple[Any, Any]) -> list[Any]:
    kind, value = item
    if kind in REPEATS:
        return [value[2]]
    if kind is op.SUBPATTERN:
        return [value[3]]
    if kind is op.BRANCH:
        return list(value[1])
    if kind in (op.ASSERT, op.ASSERT_NOT):
        return [value[1]]
    return [value] if kind is op.ATOMIC_GROUP else []


class _Spelling:
    """Examples of what parts of one pattern match, looking around set aside."""

    def __init__(self, pattern: re.Pattern[Any], random_: random.Random) -> None:
        self._random = random_
        self._flags = pattern.flags
        self._alphabet = alphabet(pattern)
        self._members: dict[str, str] = {}

    def out(self, items: Sequence[Any]) -> str:
        return "".join(map(self._one, items))

    def _one(self, item: tuple[Any, Any]) -> str:
        kind, value = item
        if kind in PLACES:
            key = repr(item)
            if key not in self._members:
                self._members[key] = members(item, self._flags, self._alphabet)
            return self._random.choice(self._members[key]) if self._members[key] else ""
        if kind is op.BRANCH:
            return self.out(self._random.choice(value[1]))
        if kind in REPEATS:
            least, most, body = value
            times = self._random.choice((least, least, min(most, least + 1), min(most, least + 3)))
            return "".join(self.out(body) for _ in range(min(times, 12)))
        if kind in (op.ASSERT, op.ASSERT_NOT):
            return ""
        return "".join(map(self.out, _children(item)))
