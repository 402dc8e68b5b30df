"""WordPiece: text to ids, equal to google-research/bert's ``FullTokenizer``, cased and uncased."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from jobs.examples.characters import CharacterClass, character_class, folded
from jobs.examples.native import library
from jobs.native import address, encoded, joined
from jobs.vocabulary import UNK, Vocabulary

_READ_BEYOND = 24
"""``RECENT_BYTES`` of wordpiece.c, which reads words at once."""


_MORE_IDS = 4
"""``USUAL_IDS`` of wordpiece.c, which writes so many at once."""


class WordPiece:
    """Text to vocabulary ids, greedy longest match first; ``cased`` is ``not do_lower_case`` of the original."""

    def __init__(self, vocabulary: Vocabulary, *, cased: bool = True) -> None:
        self._cased = cased
        self._classes = address(_CLASSES[cased])
        self._one_at_a_time = Lock()  # the compiled part remembers words
        entries = encoded(vocabulary.tokens)
        text = np.frombuffer(b"".join(entries), dtype=np.uint8)
        ends = np.cumsum([*map(len, entries)], dtype=np.int64)
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
        if not self._cased:
            lines = [folded(line) for line in lines]
        encoded = joined(lines, _READ_BEYOND)
        length = len(encoded) - _READ_BEYOND
        ids = np.empty(length + _MORE_IDS, dtype=np.int32)
        ends = np.empty(len(lines), dtype=np.int64)
        arguments = (self._handle, self._classes, encoded, length, address(ids), address(ends))
        with self._one_at_a_time:
            while (count := library.encode_lines(*arguments)) < 0:
                code = -1 - count
                _CLASSES[self._cased][code] = character_class(chr(code), cased=self._cased)
        return ids[:count], ends


def split_words(text: str, *, cased: bool = True) -> list[str]:
    """The words of ``text``: split at white space, around punctuation and around Chinese characters.

    Follows the original's ``BasicTokenizer``. An uncased tokenizer lower-cases them and strips their accents.
    """
    return (text if cased else folded(text)).translate(_TABLES[cased]).split()


def _empty_classes() -> NDArray[np.uint8]:
    return np.full(0x110000, CharacterClass.UNKNOWN, dtype=np.uint8)


_CLASSES = {True: _empty_classes(), False: _empty_classes()}
"""By cased and code point; filled as characters are met, since looking up all takes longer than a small shard."""


class _Table(dict[int, str | None]):
    """What becomes of a character, worked out when it is first met."""

    def __init__(self, cased: bool) -> None:
        super().__init__()
        self._cased = cased

    def __missing__(self, code: int) -> str | None:
        self[code] = result = self._translated(chr(code))
        return result

    def _translated(self, character: str) -> str | None:
        match character_class(character, cased=self._cased):
            case CharacterClass.SPACE:
                return " "
            case CharacterClass.DROPPED:
                return None
            case CharacterClass.STANDS_ALONE:
                return f" {character} "
            case _:
                return character


_TABLES = {True: _Table(True), False: _Table(False)}
