"""Assigns documents to shards of even size. Pure, and light: planning a submission uses the very function that
``ingest`` writes by.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

MOST_UNEVEN = 1.3
"""Times the mean that the largest shard should not exceed: the slowest worker is what everybody waits for."""


class Balance:
    """Gives each document to the shard that has the fewest bytes so far, the first of equals.

    One pass in any order, a number a shard in memory: no two shards ever differ by more than the largest document.
    """

    def __init__(self, shards: int) -> None:
        self._least_first = [(0, shard) for shard in range(shards)]  # a heap, as all equal

    def place(self, size: int) -> int:
        """The shard for a document of ``size`` bytes."""
        weight, shard = self._least_first[0]
        heapq.heapreplace(self._least_first, (weight + size, shard))
        return shard

    @property
    def sizes(self) -> list[int]:
        """Bytes of each shard."""
        return [weight for weight, _ in sorted(self._least_first, key=lambda entry: entry[1])]


@dataclass(frozen=True)
class Spread:
    """The sizes of shards, in bytes, once documents are spread over them."""

    shards: int
    documents: int
    smallest: int
    mean: float
    largest: int
    largest_document: int

    @classmethod
    def over(cls, shards: int, sizes: Iterable[int]) -> Spread:
        """Spreads documents of these ``sizes``, in their order, over ``shards`` shards."""
        balance = Balance(shards)
        documents = largest_document = 0
        for size in sizes:
            balance.place(size)
            documents += 1
            largest_document = max(largest_document, size)
        filled = balance.sizes
        return cls(shards, documents, min(filled), sum(filled) / shards, max(filled), largest_document)

    @property
    def unevenness(self) -> float:
        """The largest shard, in means; 0 where there is nothing."""
        return self.largest / self.mean if self.mean else 0.0

    @property
    def is_even(self) -> bool:
        return self.unevenness <= MOST_UNEVEN

    @property
    def surely_even(self) -> int:
        """The largest number of shards that these documents fill evenly in any order: the mean plus the largest
        document is no more than ``MOST_UNEVEN`` means. More may be even too, until that document outweighs the mean."""
        total = self.mean * self.shards
        return max(1, int((MOST_UNEVEN - 1) * total / self.largest_document)) if self.largest_document else 1
