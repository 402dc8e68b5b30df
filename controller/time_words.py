"""Time in words: ``3 min``, ``2 days ago``, ``twice``; and back, ``30d``. Pure."""

from __future__ import annotations

import re

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_SPAN = re.compile(r"(\d+)([smhdw])")


def span(seconds: float) -> str:
    """In the largest unit of which there are at least two."""
    seconds = max(0, round(seconds))
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def ago(seconds: float) -> str:
    return "just now" if seconds < 1 else f"{span(seconds)} ago"


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def parse_span(text: str) -> float:
    """Seconds of ``90s``, ``30m``, ``12h``, ``30d``, ``4w``. Raises ``ValueError``."""
    found = _SPAN.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is no span of time: write 12h, 30d or 4w")
    return float(found[1]) * _UNITS[found[2]]
