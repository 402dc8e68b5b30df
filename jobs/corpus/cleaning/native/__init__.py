"""The compiled parts of cleaning: see the C files."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import CDLL, POINTER, Structure, c_double, c_int32, c_int64, c_void_p
from typing import Self

import numpy as np

from jobs.native import address, compiled


class Limits(Structure):
    """``Limits`` of sentences.c."""

    _fields_ = [
        ("shortest_word", c_double),
        ("longest_word", c_double),
        ("most_others", c_double),
        ("fewest_words", c_int32),
        ("longest_label", c_int32),
        ("letters_a_capital", c_int32),
    ]


class Lines(Structure):
    """``Lines`` of line_numbers.c."""

    _fields_ = [("pace", c_double), ("skipped", c_int32), ("longest_line", c_int32), ("interruption", c_int32)]


class Anchors(Structure):
    """``Anchors`` of notice.c."""

    _fields_ = [("bytes", c_void_p), ("words", c_void_p), ("ends", c_void_p), ("lead", c_int32), ("late", c_int32)]

    @classmethod
    def of(cls, words: Sequence[str], lead: int, late: int) -> Self:
        """There are 32 words at most, each of three characters of ASCII or more."""
        beginnings = np.zeros((3, 256), np.uint32)
        for number, word in enumerate(words):
            for place, byte in enumerate(word[:3].encode("ascii")):
                beginnings[place, byte] |= np.uint32(1 << number)
        text = np.frombuffer("".join(words).encode("ascii"), np.uint8)
        ends = np.cumsum([len(word) for word in words], dtype=np.int32)
        anchors = cls(address(beginnings), address(text), address(ends), lead, late)
        anchors.arrays = (beginnings, text, ends)  # kept as long as they are pointed to
        return anchors


def _load() -> CDLL:
    loaded = compiled("jobs.corpus.cleaning._native")
    arrays = c_void_p
    for name, result, arguments in (
        ("patterns_met", None, [arrays, c_int64, arrays, arrays, arrays, arrays, c_int32, c_int32, arrays]),
        ("find_stops", c_int64, [arrays, c_int64, arrays, c_int32, arrays]),
        ("find_lost_hyphens", c_int64, [arrays, c_int64, arrays, c_int64, arrays]),
        ("find_seams", c_int64, [arrays, c_int64, arrays, c_int32, arrays]),
        ("judge_sentences", None, [arrays, c_int64, POINTER(Limits), arrays, c_int32, arrays, c_int32, arrays]),
        ("find_numbers", c_int64, [arrays, c_int64, arrays]),
        ("find_torn_numbers", c_int64, [arrays, c_int64, arrays]),
        ("find_notices", c_int64, [arrays, arrays, c_int32, POINTER(Anchors), arrays]),
        ("link_numbers", None, [arrays, arrays, c_int64, POINTER(Lines), arrays, arrays, arrays]),
    ):
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


library = _load()
