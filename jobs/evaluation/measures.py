"""Measures of one ranking, equal to trec_eval's.

Follows trec_eval 9 (``m_ndcg_cut.c``, ``m_P.c``, ``form_res_rels.c``): documents are ordered by score, ties by
document id, both descending; scores are single precision; a grade below 1 gains nothing; the ideal ranking is
that of all judged documents, retrieved or not.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

Grades = Mapping[str, int]
"""Document id to grade, for the judged documents of one topic."""
Scores = Mapping[str, float]
"""Document id to score, for the retrieved documents of one topic."""


def ranking(scores: Scores) -> list[str]:
    """Document ids, best first."""
    single = {document: np.float32(score) for document, score in scores.items()}
    return sorted(single, key=lambda document: (single[document], document), reverse=True)


def ndcg(ranked: Sequence[str], grades: Grades, cut: int = 10) -> float:
    """Normalised discounted cumulative gain of the first ``cut``; 0 where nothing is relevant.

    Gain is linear in the grade (Järvelin & Kekäläinen 2002), the discount is log2(rank + 1).
    """
    ideal = sorted((grade for grade in grades.values() if grade > 0), reverse=True)
    best = _discounted(ideal[:cut])
    return _discounted([max(grades.get(document, 0), 0) for document in ranked[:cut]]) / best if best else 0.0


def _discounted(gains: Sequence[int]) -> float:
    total = 0.0
    for index, gain in enumerate(gains):
        total += gain / math.log2(index + 2)
    return total


def precision(ranked: Sequence[str], grades: Grades, cut: int = 5) -> float:
    """Share of the first ``cut`` ranks that hold a relevant document, of grade 1 or more."""
    return sum(grades.get(document, 0) >= 1 for document in ranked[:cut]) / cut


def judged(ranked: Sequence[str], grades: Grades, cut: int = 10) -> float:
    """Share of the first ``cut`` ranks whose document was judged at all: a low one understates a new system."""
    return sum(document in grades for document in ranked[:cut]) / cut
