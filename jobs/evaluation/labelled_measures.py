"""Measures of labelled sets: how well answers rank among passages, and similarities among pairs. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.labelled import Question


@dataclass(frozen=True)
class AnswerRanks:
    """How well passages are ranked for questions, [N] each; measured as CovidQA is (Tang et al. 2020)."""

    p_at_1: NDArray[np.float64]
    """Whether the first passage answers."""
    recall_at_3: NDArray[np.float64]
    """The share of the answers among the first three passages."""
    reciprocal_rank: NDArray[np.float64]
    """Mean reciprocal rank of the first answer."""

    @classmethod
    def of(cls, scores: Sequence[NDArray[np.float64]], questions: Sequence[Question]) -> AnswerRanks:
        """``scores`` has one number for each passage of each question. A tie counts against the answer."""
        rows = []
        for values, question in zip(scores, questions, strict=True):
            right = np.zeros(len(values), bool)
            right[list(question.answers)] = True
            ranked = right[np.lexsort((right, -values))]
            first = int(np.argmax(ranked))
            rows.append((float(ranked[0]), float(ranked[:3].sum() / right.sum()), 1.0 / (first + 1)))
        return cls(*map(np.array, zip(*rows, strict=True)))

    def means(self) -> dict[str, float]:
        return {
            "p_at_1": float(self.p_at_1.mean()),
            "recall_at_3": float(self.recall_at_3.mean()),
            "mrr": float(self.reciprocal_rank.mean()),
        }


def spearman(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Spearman's rank correlation of two series [N], ties at their mean rank; 0 where one of them is constant."""
    a, b = _ranks(first), _ranks(second)
    a, b = a - a.mean(), b - b.mean()
    scale = math.sqrt(float((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale else 0.0


def area_under_curve(scores: NDArray[np.float64], positive: NDArray[np.bool_]) -> float:
    """How often a positive scores above a negative; ties count half. [N] each, both kinds among them."""
    ranks, count = _ranks(scores), int(positive.sum())
    return float(ranks[positive].sum() - count * (count + 1) / 2) / (count * (len(scores) - count))


def _ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks from 1; equal values share the mean of theirs."""
    order = np.argsort(values, kind="stable")
    ranks = np.empty(len(values))
    ordered = values[order]
    starts = [0, *(np.flatnonzero(ordered[1:] != ordered[:-1]) + 1).tolist(), len(values)]
    for start, end in pairwise(starts):
        ranks[order[start:end]] = (start + end + 1) / 2
    return ranks
