"""Which of many rules could change a text at all: what they need of it, looked for in one pass over its bytes.

Each pattern is a row of places, a bit each, and a byte moves all of them at once: Shift-And, after Baeza-Yates and
Gonnet, "A new approach to text searching" (1992). Rules with 20 regular expressions have nothing to do in most of a
paper, and to find that out costs 4 ns a character so, not 27.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.corpus.cleaning.native import library
from jobs.native import END_OF_TEXT, address, joined

_BITS = 64
_WORDS, _WORDS_A_HALF = 8, 4
_END = END_OF_TEXT[0]
_CONTINUING = range(0x80, 0xC0)
_LEADING = range(0xC0, _END)

_PLACE = re.compile(r"(\[\^?(?:\\.|[^\\\[\]])+\]|\\[^A-Za-z0-9]|[^\\\[\]()*+?{}|.])(\*?)", re.DOTALL)
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]|^\[\^|\\[A-Za-z]")
"""In a place where such characters may be: named, not excluded, or of a class as ``\\s``."""
_ENDS = ("^", "$")


class Needs:
    """``patterns`` has for each rule those of which its text must contain one.

    They are regular expressions of characters and sets (``[a-z]``) alone, of which all but the first may be repeated
    (``[a-z]*``); ``^`` and ``$`` are the text's ends. All characters beyond ASCII count as alike: what is met may
    yet not be there, but what is there is met. A pattern in bytes tells them apart: it is one of their bytes in UTF-8.
    Raises ``ValueError`` for another pattern, or for too many.
    """

    def __init__(self, patterns: Sequence[Sequence[str | bytes]]) -> None:
        self._rules = len(patterns)
        self._first = np.zeros(_WORDS, np.uint64)
        self._moves, self._stays = np.zeros((2, 256, _WORDS), np.uint64)
        self._stays[_CONTINUING] = np.uint64(0xFFFF_FFFF_FFFF_FFFF)  # no beginning of a character: nothing moves
        self._last = np.zeros((len(patterns), _WORDS), np.uint64)
        self._used = [0] * _WORDS
        self._halves = [1] * len(patterns)
        """For each rule, how many halves of the places it and those after it have."""
        for rule in reversed(range(len(patterns))):  # so the last ones have the first half
            for pattern in patterns[rule]:
                self._add(rule, pattern)
            self._halves[rule] = 2 if any(self._used[_WORDS_A_HALF:]) else 1
        self._tables = tuple(map(address, (self._first, self._moves, self._stays)))
        self._last_address = address(self._last)

    def met(self, texts: Sequence[str], first_rule: int = 0) -> NDArray[np.bool_]:
        """For each text and rule from the given one on, whether the text has what the rule needs [texts, rules]."""
        rules = self._rules - first_rule
        met = np.empty((len(texts), rules), np.bool_)
        if rules:
            encoded = END_OF_TEXT + joined(texts)
            last = self._last_address + first_rule * self._last.strides[0]
            halves = self._halves[first_rule]
            library.patterns_met(encoded, len(encoded), *self._tables, last, rules, halves, address(met))
        return met

    def _add(self, rule: int, pattern: str | bytes) -> None:
        places = _places(pattern)
        length = sum(not repeated for _, repeated in places)
        word = next((word for word in range(_WORDS) if self._used[word] + length <= _BITS), None)
        if word is None:
            raise ValueError(f"no room for {pattern!r}")
        bit = self._used[word]
        self._used[word] += length
        self._first[word] |= np.uint64(1 << bit)
        for bytes_, repeated in places:
            if repeated:
                self._stays[bytes_, word] |= np.uint64(1 << (bit - 1))
            else:
                self._moves[bytes_, word] |= np.uint64(1 << bit)
                bit += 1
        self._last[rule, word] |= np.uint64(1 << (bit - 1))


def _places(pattern: str | bytes) -> list[tuple[list[int], bool]]:
    """The bytes at each place, and whether they may stand there any number of times."""
    is_bytes = isinstance(pattern, bytes)
    text = pattern.decode("latin-1") if isinstance(pattern, bytes) else pattern
    found: list[tuple[list[int], bool]] = []
    end = 0
    while end < len(text):
        match = _PLACE.match(text, end)
        if match is None or (match[2] and (is_bytes or not found)):
            raise ValueError(f"{pattern!r} is not made of characters and sets alone")
        found.append((_bytes(match[1], is_bytes), bool(match[2])))
        end = match.end()
    return found


def _bytes(place: str, is_bytes: bool) -> list[int]:
    if is_bytes:
        matches_byte = re.compile(place.encode("latin-1")).fullmatch
        return [code for code in range(0x100) if matches_byte(bytes([code]))]
    if place in _ENDS:
        return [_END]
    matches = re.compile(place).fullmatch
    beyond = _LEADING if _BEYOND_ASCII.search(place) else ()
    return [*(code for code in range(0x80) if matches(chr(code))), *beyond]
