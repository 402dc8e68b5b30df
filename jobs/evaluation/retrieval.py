"""Title to abstract retrieval: finds each paper's abstract by its title, among all the abstracts. Pure.

It needs no labels, so it works on any corpus. Each abstract lies beside those of the other papers that were held out.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHORTEST_TITLE = 4
"""Words; a shorter title (Editorial, Reply to the authors) says too little of what its paper is about."""

_WORD = re.compile(r"[^\W_]+")


def pair(title: str, abstract: str) -> tuple[str, str] | None:
    """Title and abstract as a query and its answer; None where they are no such pair.

    A copy of the title at the abstract's start is cut off: it would give the answer away.
    """
    title, abstract = " ".join(title.split()), " ".join(abstract.split())
    if len(_WORD.findall(title)) < SHORTEST_TITLE:
        return None
    if abstract.casefold().startswith(title.casefold()):
        abstract = abstract[len(title) :].lstrip(" .:-–—")
    return (title, abstract) if abstract else None


def ranks_of(queries: NDArray[np.float32], answers: NDArray[np.float32]) -> NDArray[np.int64]:
    """The rank (from 1) of answer i for query i by inner product, of unit vectors [N, H] each.

    An answer that ties with others ranks behind them: a model that maps everything to one point gains nothing.
    """
    ranks = np.empty(len(queries), np.int64)
    block = 1024
    for start in range(0, len(queries), block):
        scores = queries[start : start + block] @ answers.T
        own = scores[np.arange(len(scores)), np.arange(start, start + len(scores))]
        ranks[start : start + len(scores)] = (scores >= own[:, None]).sum(axis=1)
    return ranks


def ranks_in(ranked: Sequence[Sequence[int]], count: int) -> NDArray[np.int64]:
    """The rank (from 1) of answer i in ranking i; ``count`` (all answers) where a ranking does not hold it."""
    return np.array(
        [rows.index(i) + 1 if i in rows else count for i, rows in enumerate(ranked)],
        dtype=np.int64,
    )


@dataclass(frozen=True)
class Retrieval:
    """Means over all queries."""

    queries: int
    mrr: float
    """Mean reciprocal rank."""
    recall_at_1: float
    recall_at_10: float

    @classmethod
    def of(cls, ranks: NDArray[np.int64]) -> Retrieval:
        """``ranks`` [N] count from 1; N >= 1."""
        return cls(
            queries=len(ranks),
            mrr=float((1.0 / ranks).mean()),
            recall_at_1=float((ranks <= 1).mean()),
            recall_at_10=float((ranks <= 10).mean()),
        )


def random_pair_cosine(vectors: NDArray[np.float32]) -> float:
    """The mean cosine of two different vectors, of unit vectors [N, H], N >= 2.

    Near 1, every text is "90 % similar" to every other, and only differences of similarities mean something
    (Ethayarajh 2019, "How contextual are contextualized word representations?").
    """
    count = len(vectors)
    total = vectors.astype(np.float64).sum(axis=0)
    own = (vectors.astype(np.float64) ** 2).sum()
    return float((total @ total - own) / (count * (count - 1)))
