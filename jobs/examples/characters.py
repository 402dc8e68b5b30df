"""What each character is to the tokenizer, as google-research/bert's ``BasicTokenizer`` sees it."""

from __future__ import annotations

import unicodedata
from enum import IntEnum

from jobs.unicode_forms import normalised


class CharacterClass(IntEnum):
    """What a character is to the tokenizer; the numbers are wordpiece.c's."""

    PART_OF_WORD = 0
    SPACE = 1
    DROPPED = 2
    STANDS_ALONE = 3
    UNKNOWN = 255
    """Not yet looked up."""


def character_class(character: str, *, cased: bool = True) -> CharacterClass:
    """The class of one character; for an uncased tokenizer, of one that ``folded`` returned.

    Control and format characters, U+0000 and U+FFFD are dropped, and accents by an uncased tokenizer; private-use
    characters stay (and become [UNK]). Categories are this Python's Unicode.
    """
    code = ord(character)
    category = unicodedata.category(character)
    # str.split() takes U+2028 and U+2029 for white space too, and the original splits with it.
    if character in "\t\n\r" or category in ("Zs", "Zl", "Zp"):
        return CharacterClass.SPACE
    if code in (0, 0xFFFD) or category in ("Cc", "Cf") or (category == "Mn" and not cased):
        return CharacterClass.DROPPED
    if _is_punctuation(code, category) or any(first <= code <= last for first, last in _CHINESE):
        return CharacterClass.STANDS_ALONE
    return CharacterClass.PART_OF_WORD


def folded(text: str) -> str:
    """``text`` in lower case, with accents apart from their letters (NFD): what an uncased tokenizer splits.

    Dropped characters go first, because a capital sigma is lower-cased by its neighbours.
    """
    if text.isascii():
        return text.lower()
    return normalised("NFD", text.translate(_WITHOUT_DROPPED).lower())


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


class _WithoutDropped(dict[int, str | None]):
    """For ``str.translate``; each character is worked out when it is first met."""

    def __missing__(self, code: int) -> str | None:
        character = chr(code)
        dropped = character_class(character) is CharacterClass.DROPPED
        self[code] = result = None if dropped else character
        return result


_WITHOUT_DROPPED = _WithoutDropped()
