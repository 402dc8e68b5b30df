"""Cased WordPiece: text to ids, equal to google-research/bert's ``FullTokenizer(do_lower_case=False)``."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from jobs.vocabulary import CONTINUATION, UNK, Vocabulary

MAX_WORD_CHARACTERS = 200
"""A longer word is one [UNK], as in the original."""

# str.split() separates at these, but the original drops them as control characters and so joins.
_DROPPED_BUT_SPLIT = re.compile("[\x0b\x0c\x1c-\x1f\x85]")

_CACHED_CHUNKS = 500_000

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


class WordPiece:
    """Text to vocabulary ids, greedy longest match first.

    Text falls into chunks at white space; each distinct chunk is worked out once and remembered,
    which Zipf's law makes most of the speed.
    """

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._starts = {t: i for t, i in vocabulary.ids.items() if not t.startswith(CONTINUATION)}
        self._continuations = {
            t.removeprefix(CONTINUATION): i for t, i in vocabulary.ids.items() if t.startswith(CONTINUATION)
        }
        # A word may itself begin with "##" only if "#" were no punctuation: it is, so this loses nothing.
        self._unknown = (vocabulary.ids[UNK],)
        self._longest = max(map(len, vocabulary.tokens))
        self._chunks: dict[str, tuple[int, ...]] = {}

    def encode(self, text: str) -> list[int]:
        """The ids of ``text``, without [CLS] and [SEP]; empty where nothing printable is."""
        chunks = self._chunks
        ids: list[int] = []
        for chunk in _DROPPED_BUT_SPLIT.sub("", text).split():
            found = chunks.get(chunk)
            if found is None:
                if len(chunks) >= _CACHED_CHUNKS:
                    chunks.clear()
                found = chunks[chunk] = self._encode_chunk(chunk)
            ids.extend(found)
        return ids

    def _encode_chunk(self, chunk: str) -> tuple[int, ...]:
        return tuple(piece for word in split_words(chunk) for piece in self._encode_word(word))

    def _encode_word(self, word: str) -> Iterable[int]:
        if len(word) > MAX_WORD_CHARACTERS:
            return self._unknown
        pieces: list[int] = []
        start = 0
        entries = self._starts
        while start < len(word):
            end = min(len(word), start + self._longest)
            while (piece := entries.get(word[start:end])) is None:
                end -= 1
                if end == start:
                    return self._unknown
            pieces.append(piece)
            start = end
            entries = self._continuations
        return pieces


def split_words(text: str) -> list[str]:
    """The words of ``text``: split at white space, around punctuation and around Chinese characters.

    Control and format characters, U+0000 and U+FFFD are dropped; private-use characters stay (and
    become [UNK]). Follows the original's ``BasicTokenizer``; categories are this Python's Unicode.
    """
    return text.translate(_TABLE).split()


class _Table(dict[int, str | None]):
    """What becomes of a character, worked out when it is first met."""

    def __missing__(self, code: int) -> str | None:
        self[code] = result = _translate(chr(code))
        return result


_TABLE = _Table()


def _translate(character: str) -> str | None:
    code = ord(character)
    if character in " \t\n\r":
        return " "
    if code in (0, 0xFFFD):
        return None
    category = unicodedata.category(character)
    if category in ("Cc", "Cf"):
        return None
    if category == "Zs":
        return " "
    if _is_punctuation(code, category) or any(first <= code <= last for first, last in _CHINESE):
        return f" {character} "
    return character


def _is_punctuation(code: int, category: str) -> bool:
    """All of ASCII that is neither letter, digit nor space counts ("$", "+", "^" too), and category P."""
    return category.startswith("P") or 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126
