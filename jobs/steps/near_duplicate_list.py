"""The near-duplicates that ``signatures`` found, and those among them that the report shows."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

from jobs.artifact import Artifact
from jobs.corpus.screening.decision import near_duplicates_from_json_lines
from jobs.corpus.screening.near_duplicates import NearDuplicate
from jobs.layout import NEAR_DUPLICATES
from jobs.spec import Spec
from jobs.store import Store

SHOWN = 10
"""Pairs, and kept documents, that the report names; the list has them all."""


@dataclass(frozen=True)
class NearDuplicateList:
    path: str
    """Where the bucket has the whole list."""
    pairs: Sequence[NearDuplicate]

    @classmethod
    def of(cls, store: Store, spec: Spec) -> Self:
        """The list that a step of this ``spec`` reads. Raises ``InputNotCompleteError`` while it is not complete."""
        signatures = Artifact.open(store, spec.inputs["signatures"])
        listed = signatures.read(signatures.require().output(NEAR_DUPLICATES))
        return cls(f"{signatures.name}/{NEAR_DUPLICATES}", near_duplicates_from_json_lines(listed))

    @cached_property
    def least_alike(self) -> list[NearDuplicate]:
        """The pairs that come closest to not being one."""
        return heapq.nsmallest(SHOWN, self.pairs, key=lambda pair: (pair.similarity, pair.cord_uid))

    @cached_property
    def dropped_for_one(self) -> list[tuple[str, int]]:
        """Kept documents, each with the number of others that were dropped for it, largest first."""
        counts = Counter(pair.kept for pair in self.pairs)
        return heapq.nsmallest(SHOWN, counts.items(), key=lambda item: (-item[1], item[0]))

    @property
    def named(self) -> frozenset[str]:
        """The cord_uids of all documents that the report names."""
        pairs = (uid for pair in self.least_alike for uid in (pair.cord_uid, pair.kept))
        return frozenset(pairs) | {uid for uid, _ in self.dropped_for_one}
