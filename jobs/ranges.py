"""What is known only between two ends, and how that is said without more digits than are meant. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

HOUR = 3600.0
DAY = 24 * HOUR
YEAR = 365.25 * DAY

_UNITS = (
    (YEAR, "years", 1.5 * YEAR), (DAY, "days", 10 * DAY), (HOUR, "h", 1.5 * HOUR), (60.0, "min", 90.0), (1.0, "s", 0.0),
)  # fmt: skip
"""Seconds and name of each unit, and the seconds from which it is used."""


@dataclass(frozen=True)
class Range:
    low: float
    high: float

    def __mul__(self, factor: float) -> Range:
        return Range(self.low * factor, self.high * factor)

    def __add__(self, other: Range) -> Range:
        return Range(self.low + other.low, self.high + other.high)

    def times(self, other: Range) -> Range:
        return Range(self.low * other.low, self.high * other.high)


def total(ranges: Iterable[Range | None]) -> Range | None:
    """The sum; None when one of them is not known."""
    found = list(ranges)
    known = [one for one in found if one]
    return sum(known, Range(0, 0)) if len(known) == len(found) else None


def time_text(hours: Range) -> str:
    """``41 to 55 h``, ``1 min to 2 h``: in the unit that fits the longer, without more digits than are meant.

    What is short beside the longer has a unit of its own.
    """
    seconds = hours * HOUR
    for size, unit, least in _UNITS:
        if seconds.high >= least:
            if 0 < seconds.low < 0.1 * size and unit != "s":
                return f"{time_text(Range(hours.low, hours.low))} to {_rounded(seconds.high / size)} {unit}"
            return figures(seconds * (1 / size), f" {unit}")
    raise AssertionError("seconds always fit")


def dollars_text(dollars: Range) -> str:
    """``$330 to 440``; what may be less than a cent, by its upper end."""
    if dollars.low < 0.01:
        return f"under ${max(dollars.high, 0.01):.2f}"
    return f"${figures(dollars, '')}"


def figures(values: Range, unit: str) -> str:
    """``330 to 440 MB``; one figure where both are the same."""
    low, high = _rounded(values.low), _rounded(values.high)
    return f"{low}{unit}" if low == high else f"{low} to {high}{unit}"


def _rounded(value: float) -> str:
    """Two digits, three from a hundred on: what a range can say."""
    if value >= 100:
        return f"{float(f'{value:.3g}'):,.0f}"
    return f"{value:.0f}" if value >= 10 else f"{float(f'{value:.2g}'):g}" if value >= 0.01 else "0"
