"""What a model scored on held-out examples at one step."""

from __future__ import annotations

import math
from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict


class _Scores(BaseModel):
    """Scores at one step. Each kind has a ``cost``, which says which of two is better: the lower."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    step: int

    def scores(self) -> dict[str, float]:
        """What was scored, by name."""
        return self.model_dump(exclude={"step"}, exclude_none=True)


class PretrainingEvaluation(_Scores):
    """Means over the held-out examples. ``perplexity`` is exp(``mlm_loss``); None stands for what was not scored."""

    mlm_loss: float
    mlm_accuracy: float
    perplexity: float
    nsp_loss: float | None
    nsp_accuracy: float | None

    @property
    def cost(self) -> float:
        return self.mlm_loss

    @classmethod
    def of_sums(
        cls, step: int, words: float, mlm_loss: float, mlm_hits: float, pairs: float, nsp_loss: float, nsp_hits: float
    ) -> PretrainingEvaluation:
        """From the summed ``evaluation_sums`` of all batches. Without words their means are 0, without pairs None."""
        mlm_mean = mlm_loss / max(words, 1.0)
        return cls(
            step=step,
            mlm_loss=mlm_mean,
            mlm_accuracy=mlm_hits / max(words, 1.0),
            perplexity=math.exp(min(mlm_mean, 700.0)),  # beyond lies the largest double
            nsp_loss=nsp_loss / pairs if pairs else None,
            nsp_accuracy=nsp_hits / pairs if pairs else None,
        )


class RetrievalEvaluation(_Scores):
    """How well held-out titles find their abstracts among all the held-out ones."""

    mrr: float
    """Mean reciprocal rank."""
    recall_at_1: float
    recall_at_10: float

    @property
    def cost(self) -> float:
        return -self.mrr


Evaluation = PretrainingEvaluation | RetrievalEvaluation


def best_step(evaluations: Iterable[Evaluation], after: int = 0) -> int | None:
    """The step of the best scores of those after ``after``, the first of equals; None if none was evaluated since."""
    best = min((e for e in evaluations if e.step > after), key=lambda e: e.cost, default=None)
    return best.step if best else None
