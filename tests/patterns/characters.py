"""Which characters one place of a regular expression takes, of a few that stand for all."""

from __future__ import annotations

import re
import re._constants as op
from typing import Any

_STANDING_FOR_ALL = "\t\n\r\x00\x01\x02\x85\xad\ufffd\ue06déαЖ中½²\u2009–’“"
_CATEGORIES = {
    op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s", op.CATEGORY_NOT_SPACE: r"\S",
    op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
}  # fmt: skip
PLACES = (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY)
REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)


def alphabet(pattern: re.Pattern[Any]) -> str:
    """ASCII, some of the rest, and what the pattern itself names."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    return "".join(dict.fromkeys([*map(chr, range(32, 127)), *_STANDING_FOR_ALL, *source]))


def members(item: tuple[Any, Any], flags: int, among: str) -> str:
    """Those of ``among`` that a parsed place for one character takes."""
    return "".join(each for each in among if _takes(item, each, flags))


def _takes(item: tuple[Any, Any], character: str, flags: int) -> bool:
    kind, value = item
    cases = {character, character.lower(), character.upper()} if flags & re.IGNORECASE else {character}
    if kind is op.LITERAL:
        return chr(value) in cases
    if kind is op.NOT_LITERAL:
        return chr(value) not in cases
    if kind is op.ANY:
        return character != "\n" or bool(flags & re.DOTALL)
    inside = any(_in_member(member, each, flags) for member in value for each in cases)
    return inside != (value[0][0] is op.NEGATE)


def _in_member(member: tuple[Any, Any], character: str, flags: int) -> bool:
    kind, value = member
    if kind is op.LITERAL:
        return chr(value) == character
    if kind is op.RANGE:
        return bool(value[0] <= ord(character) <= value[1])
    if kind is op.CATEGORY:
        return re.match(_CATEGORIES[value], character, flags & re.ASCII) is not None
    return False
