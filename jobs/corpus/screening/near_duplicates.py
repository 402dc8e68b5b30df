"""Near-duplicates across the whole corpus: preprint and journal version, one paper under two cord_uids.

Banded locality-sensitive hashing proposes pairs, their signatures decide, and what hangs together is
one document. All of it is a pure function of the signatures, so that every worker finds the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.corpus.screening.minhash import PERMUTATIONS

NEAR_DUPLICATE = "near_duplicate"

ROWS = 4
"""Numbers of a signature in a band: four of 16 bits are one 64-bit key."""

BANDS = PERMUTATIONS // ROWS
"""32. A pair of similarity s shares a band with probability 1 - (1 - s^4)^32: above 0.9999 from 0.71 on,
0.98 at 0.6, 0.87 at 0.5, and 0.003 at 0.1."""

_PAIRS = 1 << 14
"""Pairs compared at a time: 8 MB of signatures."""

Indexes = NDArray[np.intp]


@dataclass(frozen=True)
class Signatures:
    """The documents that may be each other's near-duplicates, as columns of one length."""

    cord_uids: Sequence[str]
    from_pmc: NDArray[np.bool_]
    """Whether the body comes from a PMC parse."""
    words: NDArray[np.uint32]
    signatures: NDArray[np.uint16]
    """Shape ``(documents, PERMUTATIONS)``."""

    def __len__(self) -> int:
        return len(self.cord_uids)


def near_duplicates(documents: Signatures, similarity: float) -> list[str]:
    """The cord_uids to drop, sorted: of each group all but the best.

    The best has its body from PMC, then the most words, then the smallest cord_uid.
    """

    def rank(index: int) -> tuple[bool, int, str]:
        return (not documents.from_pmc[index], -int(documents.words[index]), documents.cord_uids[index])

    dropped = []
    for group in groups(documents.signatures, similarity):
        best = min(group, key=rank)
        dropped += [documents.cord_uids[index] for index in group if index != best]
    return sorted(dropped)


def groups(signatures: NDArray[np.uint16], similarity: float) -> list[list[int]]:
    """The connected components, of two documents and more, of "shares a band and is estimated as at
    least ``similarity`` alike"; each sorted, in order of their first document.

    Takes time for a sort of the documents per band and for the pairs that share a band and are not
    known to belong together, and memory for a few numbers a document besides the signatures.
    """
    root = np.arange(len(signatures))
    needed = int(np.ceil(similarity * PERMUTATIONS))
    keys_of = np.ascontiguousarray(signatures).view(np.uint64)
    for band in range(BANDS if len(signatures) else 0):
        root = _search(keys_of[:, band], signatures, needed, root)
    members = np.flatnonzero(np.bincount(root, minlength=len(root))[root] > 1)
    found: dict[int, list[int]] = {}
    for index in members.tolist():
        found.setdefault(int(root[index]), []).append(index)
    return list(found.values())


def _search(keys: NDArray[np.uint64], signatures: NDArray[np.uint16], needed: int, root: Indexes) -> Indexes:
    """``root`` after joining the groups of all documents with equal ``keys`` that are alike."""
    order = np.argsort(keys)
    keys = keys[order]
    new_key = keys[1:] != keys[:-1]
    shared = ~(np.append(True, new_key) & np.append(new_key, True))
    order, keys = order[shared], keys[shared]
    # Documents of one key are neighbours now, and among them those of one group.
    order = order[np.lexsort((root[order], keys))]
    new_key = keys[1:] != keys[:-1]
    key_ends = _ends(new_key)
    places, distance = np.arange(len(order)), 0
    known: Indexes | None = None
    while True:
        distance += 1
        if root is not known:
            known = root
            # Before a run's last group there may be a pair to compare; within it all is joined. So a
            # large family costs its size, not its square.
            of = root[order]
            group_ends = _ends(new_key | (of[1:] != of[:-1]))
            places = places[group_ends[places] < key_ends[places]]
        places = places[places + distance <= key_ends[places]]
        if not len(places):
            return root
        root = _compared(order[places], order[places + distance], signatures, needed, root)


def _ends(new: NDArray[np.bool_]) -> Indexes:
    """For each place the last one of its run, where ``new`` says whether the next place begins another."""
    last = np.append(np.flatnonzero(new), len(new))
    return np.repeat(last, np.diff(last, prepend=-1))


def _compared(left: Indexes, right: Indexes, signatures: NDArray[np.uint16], needed: int, root: Indexes) -> Indexes:
    """``root`` after joining those pairs that agree in at least ``needed`` places."""
    for start in range(0, len(left), _PAIRS):
        one, other = left[start : start + _PAIRS], right[start : start + _PAIRS]
        apart = root[one] != root[other]
        one, other = one[apart], other[apart]
        alike = np.count_nonzero(signatures[one] == signatures[other], axis=1) >= needed
        root = _joined(root, one[alike], other[alike])
    return root


def _joined(root: Indexes, left: Indexes, right: Indexes) -> Indexes:
    """``root`` (each document's smallest group member) after joining the pairs' groups."""
    if not len(left):
        return root
    parent = root.copy()

    def find(index: int) -> int:
        while parent[index] != index:
            index = int(parent[index])
        return index

    for one, other in zip(left.tolist(), right.tolist(), strict=True):
        a, b = find(one), find(other)
        parent[max(a, b)] = min(a, b)
    while True:
        shorter = parent[parent]
        if np.array_equal(shorter, parent):
            return parent
        parent = shorter
