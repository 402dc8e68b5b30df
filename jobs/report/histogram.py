"""Counts in bins that are fixed beforehand: those of shards add up to those of the whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

DOUBLING = tuple(2**power for power in range(13))
"""Bins 1, 2-3, 4-7 ... 4,096 and more: for what is spread over orders of magnitude."""


def even_bins(largest: int, bins: int) -> tuple[int, ...]:
    """Lower bounds of at most ``bins`` bins of equal width over 1 to ``largest``."""
    return tuple(range(1, largest + 1, -(-largest // bins)))


@dataclass(frozen=True)
class Histogram:
    """Counts values from each of ``bounds`` up to, but not including, the next; the last bin is open."""

    bounds: tuple[int, ...]
    counts: tuple[int, ...]
    total: int = 0
    """The sum of the values."""
    largest: int = 0

    def __add__(self, other: Histogram) -> Histogram:
        """Raises ``ValueError`` when the bins differ."""
        if self.bounds != other.bounds:
            raise ValueError("histograms of different bins do not add up")
        counts = tuple(map(sum, zip(self.counts, other.counts, strict=True)))
        return Histogram(self.bounds, counts, self.total + other.total, max(self.largest, other.largest))

    @property
    def values(self) -> int:
        return sum(self.counts)

    @property
    def mean(self) -> float:
        return self.total / self.values if self.values else 0.0

    def to_json(self) -> dict[str, Any]:
        return {"bounds": self.bounds, "counts": self.counts, "total": self.total, "largest": self.largest}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Histogram:
        return cls(tuple(data["bounds"]), tuple(data["counts"]), data["total"], data["largest"])
