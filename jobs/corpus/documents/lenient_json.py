"""Reads JSON that is wrong only where nobody reads it: NaN, a byte order mark, half a character in another field."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

import orjson

from jobs.corpus.documents.quarantine import MalformedError, not_json
from jobs.json_text import from_json

_BOM = b"\xef\xbb\xbf"
_SURROGATE = re.compile("[\ud800-\udfff]")

T = TypeVar("T")


def read_json(data: bytes, build: Callable[[object], T], texts: Callable[[T], Iterable[str]]) -> T:
    """What ``build`` makes of the decoded value; ``texts`` are all that is kept of its strings.

    Decodes strictly first and, where that fails, as Python does, which takes NaN and passes over a broken string.
    Raises ``MalformedError`` with the place of the strict error where that fails too, or a text that is kept is broken.
    """
    data = data.removeprefix(_BOM)
    try:
        return build(orjson.loads(data))
    except orjson.JSONDecodeError as strict:
        try:
            built = build(from_json(data.decode(errors="surrogateescape")))
            if not any(map(_SURROGATE.search, texts(built))):
                return built
        except (ValueError, MalformedError):  # ValueError: also a number of more than 4,300 digits
            pass
        raise not_json(data, strict) from strict
