"""Whether a backtracking matcher can be made to work more than linearly, told from the expression alone.

The expression becomes an automaton of its places, one for each character it names (Glushkov). It is

exponential  if, inside a loop, one text leads from a place back to it in two ways ("(a+)+", "(a|a)*"):
             Weber and Seidl, "On the degree of ambiguity of finite automata" (1991);
quadratic    if two loops that follow each other take the same character ("a*a*b"), one of which may be the search
             itself, which begins at every place ("a*b").

Looking around is set aside, so what only a lookahead keeps apart is called ambiguous; possessive repeats and atomic
groups are not gone back into. A repeat with an upper bound is no loop in the second sense. Loops that share a text of
several characters, but none that repeats a single one, are left to the test that runs hostile texts.
"""

from __future__ import annotations

import re
import re._constants as op
import re._parser as parser
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.patterns.characters import PLACES, REPEATS, alphabet, members

Edge = tuple[int, int]
Step = tuple[int, bool]
"""A place, and whether a word's beginning or end must lie at its edge."""
_MAX = op.MAXREPEAT
_END = "\uffff"
"""Stands for the end of a text, as a character that nothing else takes."""
_ASSERTIONS = (op.ASSERT, op.ASSERT_NOT, op.AT)


@dataclass
class _Part:
    """Where a part of the pattern begins and ends, and whether it may be empty."""

    firsts: list[Step] = field(default_factory=list)
    lasts: list[Step] = field(default_factory=list)
    empty: bool = True
    boundary: bool = False
    """It is ``\\b`` itself."""


class Automaton:
    """``backtracking``: of what a failing matcher goes back over; else of what it goes over at all."""

    def __init__(self, pattern: re.Pattern[Any], *, backtracking: bool) -> None:
        self.flags = pattern.flags & ~re.DEBUG
        self.alphabet = alphabet(pattern)
        self.backtracking = backtracking
        self.takes: list[frozenset[str]] = []
        self.is_word: list[bool] = []
        self.known: dict[str, str] = {}
        self.follows: list[list[int]] = []
        self.eaten: dict[int, frozenset[str]] = {}
        """Last places of possessive repeats: what they take, the repeat has left none of."""
        self.exits: set[Edge] = set()
        self.empty_twice = False
        """Whether two branches of one choice may be empty."""
        tree = parser.parse(pattern.pattern, self.flags)
        self.whole = self._sequence(tree)

    def is_eaten(self, edge: Edge, character: str) -> bool:
        """Whether a possessive repeat that this edge leaves would have taken the character itself."""
        return edge in self.exits and character in self.eaten[edge[0]]

    def _sequence(self, items: Any) -> _Part:
        whole = _Part()
        at_beginning = False
        for item in items:
            part = self._part(item)
            if part.boundary:
                whole.lasts = [(place, True) for place, _ in whole.lasts]
                at_beginning |= whole.empty
                continue
            self._connect(whole.lasts, part.firsts)
            if whole.empty:
                whole.firsts += [(place, at_edge or at_beginning) for place, at_edge in part.firsts]
            whole.lasts = [*part.lasts, *(whole.lasts if part.empty else [])]
            whole.empty &= part.empty
        return whole

    def _connect(self, lasts: Sequence[Step], firsts: Sequence[Step]) -> None:
        for last, after in lasts:
            for first, before in firsts:
                if not (after or before) or self.is_word[last] != self.is_word[first]:
                    self.follows[last].append(first)
                    if last in self.eaten:
                        self.exits.add((last, first))

    def _part(self, item: tuple[Any, Any]) -> _Part:
        kind, value = item
        if kind in PLACES:
            key = repr(item)
            if key not in self.known:
                self.known[key] = members(item, self.flags, self.alphabet)
            return self._place(self.known[key])
        if kind is op.AT and value is op.AT_BOUNDARY:
            return _Part(boundary=True)
        if kind is op.AT and value in (op.AT_END, op.AT_END_STRING):
            return self._place(_END)
        if kind in REPEATS:
            return self._repeat(kind, *value)
        if kind is op.BRANCH:
            return self._branch(value[1])
        if kind is op.SUBPATTERN:
            return self._sequence(value[3])
        if kind is op.ATOMIC_GROUP and len(value) == 1 and value[0][0] is op.MAX_REPEAT:
            return self._repeat(op.POSSESSIVE_REPEAT, *value[0][1])
        if kind is op.ATOMIC_GROUP:
            return self._closed(self._sequence(value)) if self.backtracking else self._sequence(value)
        if kind in (op.ASSERT, op.ASSERT_NOT) and value[0] > 0:
            ahead = self._sequence(value[1])
            return _Part(ahead.firsts, [], empty=True)
        return _Part()

    def _closed(self, group: _Part) -> _Part:
        """What is not gone back into, as one place that takes what the group may begin with."""
        outside = self._place("".join(sorted(frozenset().union(*(self.takes[place] for place, _ in group.firsts)))))
        return _Part(outside.firsts, outside.lasts, group.empty)

    def _place(self, characters: str) -> _Part:
        """Two where it takes characters of words and others: so an edge is at a word's boundary or is not."""
        steps: list[Step] = []
        for is_word in (False, True):
            taken = frozenset(each for each in characters if (each.isalnum() or each == "_") == is_word)
            if taken:
                steps.append((len(self.takes), False))
                self.takes.append(taken)
                self.is_word.append(is_word)
                self.follows.append([])
        return _Part(steps, list(steps), empty=False)

    def _repeat(self, kind: Any, least: int, most: int, body: Any) -> _Part:
        part = self._sequence(body)
        loops = most > 1 and kind is not op.POSSESSIVE_REPEAT if self.backtracking else most is _MAX
        if loops:
            self._connect(part.lasts, part.firsts)
        if kind is op.POSSESSIVE_REPEAT and most is _MAX and set(part.firsts) == set(part.lasts):
            eaten = frozenset().union(*(self.takes[place] for place, _ in part.firsts))
            self.eaten |= {place: eaten for place, _ in part.lasts}
        part.empty |= least == 0
        return part

    def _branch(self, branches: Any) -> _Part:
        parts = [self._sequence(branch) for branch in branches]
        unasserted = [not any(kind in _ASSERTIONS for kind, _ in branch) for branch in branches]
        self.empty_twice |= sum(part.empty and free for part, free in zip(parts, unasserted, strict=True)) > 1
        return _Part(
            [first for part in parts for first in part.firsts],
            [last for part in parts for last in part.lasts],
            any(part.empty for part in parts),
        )


def exponential(pattern: re.Pattern[Any]) -> str | None:
    """A text that a loop of the pattern matches in two ways, or None."""
    automaton = Automaton(pattern, backtracking=True)
    if automaton.empty_twice:
        return ""
    for loop in _loops(automaton.follows, range(len(automaton.takes))):
        if (text := _twice(automaton, loop)) is not None:
            return text
    return None


def _twice(automaton: Automaton, loop: frozenset[int]) -> str | None:
    """A text with two ways through ``loop`` that begin together and end together."""
    inside = {place: [to for to in automaton.follows[place] if to in loop] for place in loop}
    for place, following in inside.items():
        for to in following:
            if following.count(to) > 1:
                return min(automaton.takes[place]) + min(automaton.takes[to])
    came: dict[Edge, tuple[Edge, str]] = {}
    waiting: deque[Edge] = deque((place, place) for place in sorted(loop))
    while waiting:
        pair = waiting.popleft()
        for one in inside[pair[0]]:
            for other in inside[pair[1]]:
                shared = automaton.takes[one] & automaton.takes[other]
                if not shared or (one == other and pair[0] == pair[1]):
                    continue
                after = (min(one, other), max(one, other))
                if one == other:
                    return _path(came, pair) + min(shared)
                if after not in came:
                    came[after] = (pair, min(shared))
                    waiting.append(after)
    return None


def _path(came: dict[Edge, tuple[Edge, str]], pair: Edge) -> str:
    text = ""
    while pair in came:
        pair, character = came[pair]
        text = character + text
    return text


def quadratic(pattern: re.Pattern[Any], *, searched: bool) -> str | None:
    """A character that two loops of the pattern take one after the other, or None. ``searched``: from every place."""
    automaton = Automaton(pattern, backtracking=False)
    alike = {tuple(character in takes for takes in automaton.takes): character for character in automaton.alphabet}
    for character in alike.values():
        if _two_loops(automaton, character, searched):
            return character
    return None


def _two_loops(automaton: Automaton, character: str, searched: bool) -> bool:
    here = {place for place, takes in enumerate(automaton.takes) if character in takes}
    follows = {
        place: [to for to in automaton.follows[place] if to in here and not automaton.is_eaten((place, to), character)]
        for place in here
    }
    loops = list(_loops(follows, here))
    ends = {place for place, _ in automaton.whole.lasts}
    is_word = character.isalnum() or character == "_"
    # Within a run of one character, a word begins at no place but the first.
    begins = [place for place, at_edge in automaton.whole.firsts if place in here and not (at_edge and is_word)]
    for loop in loops:
        if searched and loop & _reachable(follows, begins) and not loop <= ends:
            return True
        beyond = _reachable(follows, [to for place in loop for to in follows[place] if to not in loop])
        if any(other & beyond for other in loops if other != loop):
            return True
    return False


def _reachable(follows: dict[int, list[int]], places: Sequence[int]) -> set[int]:
    seen = set(places)
    waiting = list(seen)
    while waiting:
        for to in follows[waiting.pop()]:
            if to not in seen:
                seen.add(to)
                waiting.append(to)
    return seen


def _loops(follows: Any, places: Any) -> Iterator[frozenset[int]]:
    """The strongly connected parts that have an edge (Tarjan, without recursion)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for root in places:
        if root in index:
            continue
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        calls = [(root, iter(follows[root]))]
        while calls:
            place, following = calls[-1]
            to = next(following, None)
            if to is None:
                calls.pop()
                if calls:
                    low[calls[-1][0]] = min(low[calls[-1][0]], low[place])
                if low[place] == index[place]:
                    part = set()
                    while True:
                        part.add(stack.pop())
                        on_stack -= part
                        if place in part:
                            break
                    if len(part) > 1 or place in follows[place]:
                        yield frozenset(part)
            elif to not in index:
                index[to] = low[to] = len(index)
                stack.append(to)
                on_stack.add(to)
                calls.append((to, iter(follows[to])))
            elif to in on_stack:
                low[place] = min(low[place], index[to])
