"""What the possessive loops of a pattern repeat."""

from __future__ import annotations

import re
import re._constants as op
import re._parser as parser
from collections.abc import Iterator
from typing import Any


def possessive_bodies(pattern: re.Pattern[Any]) -> Iterator[Any]:
    """The parsed body of each possessive loop."""
    flags = pattern.flags & ~re.UNICODE
    yield from _bodies(parser.parse(pattern.pattern, flags))


def is_single(body: Any) -> bool:
    """Whether it is one character or one class."""
    return len(body) == 1 and body[0][0] in (op.LITERAL, op.NOT_LITERAL, op.IN, op.ANY)


def _bodies(parsed: Any) -> Iterator[Any]:
    if isinstance(parsed, tuple) and parsed and parsed[0] is op.POSSESSIVE_REPEAT:
        yield parsed[1][2]
    if isinstance(parsed, tuple | list | parser.SubPattern):
        for part in parsed:
            yield from _bodies(part)
