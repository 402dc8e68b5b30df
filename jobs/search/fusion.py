"""Several rankings joined into one. Pure."""

from __future__ import annotations

from collections.abc import Sequence

K = 60
"""The constant of Cormack, Clarke & Büttcher 2009, "Reciprocal rank fusion" (SIGIR)."""


def reciprocal_rank_fusion(rankings: Sequence[Sequence[int]]) -> list[tuple[int, float]]:
    """Rows by the sum of 1 / (K + rank) over the rankings that hold them, best first; ties by row."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, row in enumerate(ranking, 1):
            scores[row] = scores.get(row, 0.0) + 1 / (K + rank)
    return sorted(scores.items(), key=lambda item: (-item[1], item[0]))
