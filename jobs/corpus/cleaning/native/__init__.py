"""The compiled parts of cleaning: see the C files."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import CDLL, POINTER, Structure, c_double, c_int32, c_int64, c_void_p

from jobs.native import compiled

END_OF_TEXT = b"\xff"
"""Stands for the end of one text and the beginning of the next: no byte of UTF-8."""


class Limits(Structure):
    """``Limits`` of sentences.c."""

    _fields_ = [
        ("shortest_word", c_double),
        ("longest_word", c_double),
        ("most_others", c_double),
        ("fewest_words", c_int32),
        ("longest_label", c_int32),
    ]


class Lines(Structure):
    """``Lines`` of line_numbers.c."""

    _fields_ = [("pace", c_double), ("skipped", c_int32), ("longest_line", c_int32), ("interruption", c_int32)]


def joined(texts: Sequence[str]) -> bytes:
    """The texts in UTF-8, each closed by ``END_OF_TEXT``."""
    together = "\n".join([*texts, ""])
    encoded = together.encode("utf-8", "surrogatepass")
    if encoded.count(b"\n") == len(texts):
        return encoded.replace(b"\n", END_OF_TEXT)
    return b"".join([text.encode("utf-8", "surrogatepass") + END_OF_TEXT for text in texts])


def _load() -> CDLL:
    loaded = compiled("jobs.corpus.cleaning._native")
    arrays = c_void_p
    for name, result, arguments in (
        ("patterns_met", None, [arrays, c_int64, arrays, arrays, arrays, arrays, c_int32, c_int32, arrays]),
        ("find_stops", c_int64, [arrays, c_int64, arrays, c_int32, arrays]),
        ("judge_sentences", None, [arrays, c_int64, POINTER(Limits), arrays]),
        ("find_numbers", c_int64, [arrays, c_int64, arrays]),
        ("find_torn_numbers", c_int64, [arrays, c_int64, arrays]),
        ("link_numbers", None, [arrays, arrays, c_int64, POINTER(Lines), arrays, arrays, arrays]),
    ):
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    return loaded


library = _load()
