"""Near-duplicates across the whole corpus: preprint and journal version, one paper under two cord_uids.

Banded locality-sensitive hashing proposes pairs and their signatures decide. A document is dropped only for one that
is kept and is itself alike: what is alike to a dropped document alone stays, so that neither a chain of small
changes nor a template swallows papers that resemble nothing that is left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from jobs.corpus.screening.minhash import PERMUTATIONS, similarities

NEAR_DUPLICATE = "near_duplicate"

ROWS = 4
"""Numbers of a signature in a band: four of 16 bits are one 64-bit key."""

BANDS = PERMUTATIONS // ROWS
"""32. A pair of similarity s shares a band with probability 1 - (1 - s^4)^32: above 0.9999 from 0.71 on,
0.98 at 0.6, 0.87 at 0.5, and 0.003 at 0.1."""

MOST_COMPARED = 64
"""Kept documents of one key that later ones are compared with, the best of them: then a corpus of one template costs
time by its size. Documents that are alike share several keys, and not only those of their template."""


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


@dataclass(frozen=True, order=True)
class NearDuplicate:
    cord_uid: str
    """The document that is dropped."""
    kept: str
    """The cord_uid of the kept document that is most like it."""
    similarity: float
    """Their estimated Jaccard similarity."""


def near_duplicates(documents: Signatures, similarity: float) -> list[NearDuplicate]:
    """The documents to drop, sorted: those estimated as at least ``similarity`` alike to a better one that is kept.

    The better one has its body from PMC, then more words, then the smaller cord_uid. Pure: the order of
    ``documents`` does not matter. Memory: 128 bytes per document besides the signatures.
    """
    keys = _shared_keys(documents.signatures)

    def rank(index: int) -> tuple[bool, int, str]:
        return (not documents.from_pmc[index], -int(documents.words[index]), documents.cord_uids[index])

    best_first = sorted(np.flatnonzero((keys >= 0).any(axis=1)).tolist(), key=rank)
    kept_of: dict[int, list[int]] = {}
    """Key -> the places in ``best_first`` of kept documents, so that the best comes first wherever they are merged."""
    dropped: list[NearDuplicate] = []
    for place, index in enumerate(best_first):
        own = keys[index]
        own = own[own >= 0].tolist()
        places = sorted(set(chain.from_iterable(kept_of.get(key, ()) for key in own)))
        others = [best_first[other] for other in places]
        alike = similarities(documents.signatures[index], documents.signatures[others])
        if others and alike.max() >= similarity:
            nearest = int(alike.argmax())
            uids = documents.cord_uids[index], documents.cord_uids[others[nearest]]
            dropped.append(NearDuplicate(*uids, round(float(alike[nearest]), 3)))
            continue
        for key in own:
            kept = kept_of.setdefault(key, [])
            if len(kept) < MOST_COMPARED:
                kept.append(place)
    return sorted(dropped)


def _shared_keys(signatures: NDArray[np.uint16]) -> NDArray[np.int32]:
    """A number for each band of each document, which documents share whose band is the same; -1 where no other has it.

    Shape ``(documents, BANDS)``.
    """
    numbers = np.full((len(signatures), BANDS), -1, np.int32)
    bands = np.ascontiguousarray(signatures).view(np.uint64)
    next_number = 0
    for band in range(BANDS if len(signatures) else 0):
        order = np.argsort(bands[:, band])
        values = bands[order, band]
        is_new = np.append(True, values[1:] != values[:-1])
        run_of = np.cumsum(is_new) - 1
        is_shared = np.bincount(run_of) > 1
        numbered = np.where(is_shared, np.cumsum(is_shared) - 1 + next_number, -1)
        numbers[order, band] = numbered[run_of]
        next_number += int(is_shared.sum())
    return numbers
