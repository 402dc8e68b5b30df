"""Cased WordPiece: text to ids, equal to google-research/bert's ``FullTokenizer(do_lower_case=False)``."""

from __future__ import annotations

import unicodedata
import weakref
from collections.abc import Sequence
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from jobs.examples.native import library
from jobs.native import address
from jobs.vocabulary import UNK, Vocabulary

MAX_WORD_CHARACTERS = 200
"""A longer word is one [UNK], as in the original; ``MAX_WORD`` of wordpiece.c."""


class CharacterClass(IntEnum):
    """What a character is to the tokenizer; the numbers are wordpiece.c's."""

    PART_OF_WORD = 0
    SPACE = 1
    DROPPED = 2
    STANDS_ALONE = 3
    LINE_END = 4
    UNKNOWN = 255
    """Not yet looked up."""


class WordPiece:
    """Text to vocabulary ids, greedy longest match first."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        entries = [token.encode("utf-8", "surrogatepass") for token in vocabulary.tokens]
        text = np.frombuffer(b"".join(entries), dtype=np.uint8)
        ends = np.cumsum([len(entry) for entry in entries], dtype=np.int64)
        self._handle = library.vocabulary_new(address(text), address(ends), len(entries), vocabulary.ids[UNK])
        if not self._handle:
            raise MemoryError("no memory for the vocabulary")
        weakref.finalize(self, library.vocabulary_free, self._handle)

    def encode(self, text: str) -> list[int]:
        """The ids of ``text``, without [CLS] and [SEP]; empty where nothing printable is."""
        ids: list[int] = self.encode_lines([text])[0].tolist()
        return ids

    def encode_lines(self, lines: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """The ids of all ``lines``, one after the other [ids], and where each line's end [lines].

        A line end inside a line is white space.
        """
        joined = "\n".join([*lines, ""])
        if joined.count("\n") > len(lines):
            joined = "\n".join([*(line.replace("\n", " ") for line in lines), ""])
        text = np.frombuffer(joined.encode("utf-8", "surrogatepass"), dtype=np.uint8)
        ids = np.empty(len(text), dtype=np.int32)
        ends = np.empty(len(lines), dtype=np.int64)
        arguments = (self._handle, address(_CLASSES), address(text), len(text), address(ids), address(ends))
        while (count := library.encode_lines(*arguments)) < 0:
            code = -1 - count
            _CLASSES[code] = character_class(chr(code))
        return ids[:count], ends


def split_words(text: str) -> list[str]:
    """The words of ``text``: split at white space, around punctuation and around Chinese characters.

    Control and format characters, U+0000 and U+FFFD are dropped; private-use characters stay (and
    become [UNK]). Follows the original's ``BasicTokenizer``; categories are this Python's Unicode.
    """
    return text.translate(_TABLE).split()


def character_class(character: str) -> CharacterClass:
    """What one character is to the tokenizer."""
    code = ord(character)
    category = unicodedata.category(character)
    if character == "\n":
        return CharacterClass.LINE_END
    # str.split() takes U+2028 and U+2029 for white space too, and the original splits with it.
    if character in "\t\r" or category in ("Zs", "Zl", "Zp"):
        return CharacterClass.SPACE
    if code in (0, 0xFFFD) or category in ("Cc", "Cf"):
        return CharacterClass.DROPPED
    if _is_punctuation(code, category) or any(first <= code <= last for first, last in _CHINESE):
        return CharacterClass.STANDS_ALONE
    return CharacterClass.PART_OF_WORD


def _is_punctuation(code: int, category: str) -> bool:
    """All of ASCII that is neither letter, digit nor space counts ("$", "+", "^" too), and category P."""
    return category.startswith("P") or 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126


# The blocks that the original calls Chinese characters, with its bounds: newer extensions are not among them.
_CHINESE = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)

_CLASSES = np.full(0x110000, CharacterClass.UNKNOWN, dtype=np.uint8)
"""By code point; filled as characters are met, since looking up all takes longer than a small shard."""


class _Table(dict[int, str | None]):
    """What becomes of a character, worked out when it is first met."""

    def __missing__(self, code: int) -> str | None:
        self[code] = result = _translate(chr(code))
        return result


def _translate(character: str) -> str | None:
    match character_class(character):
        case CharacterClass.SPACE | CharacterClass.LINE_END:
            return " "
        case CharacterClass.DROPPED:
            return None
        case CharacterClass.STANDS_ALONE:
            return f" {character} "
        case _:
            return character


_TABLE = _Table()
