"""Scores on held-out examples: always the same ones, so that evaluations compare."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import tensorflow as tf
from pydantic import BaseModel, ConfigDict

from jobs.model.bert import Bert
from jobs.model.dataset import Arrays
from jobs.model.train_step import evaluation_step_function
from jobs.model.training_task import TrainingContext, TrainingTask


class Evaluation(BaseModel):
    """Means over the held-out examples. ``perplexity`` is exp(``mlm_loss``); None stands for what was not scored."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    step: int
    mlm_loss: float
    mlm_accuracy: float
    perplexity: float
    nsp_loss: float | None
    nsp_accuracy: float | None

    @classmethod
    def of_sums(
        cls, step: int, words: float, mlm_loss: float, mlm_hits: float, pairs: float, nsp_loss: float, nsp_hits: float
    ) -> Evaluation:
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

    def scores(self) -> dict[str, float]:
        """What was scored, by name."""
        return self.model_dump(exclude={"step"}, exclude_none=True)


def best_step(evaluations: Iterable[Evaluation]) -> int | None:
    """The step with the lowest held-out MLM loss, the first of equals; None before any training was evaluated."""
    best = min((e for e in evaluations if e.step > 0), key=lambda e: e.mlm_loss, default=None)
    return best.step if best else None


class Evaluator:
    """Scores a model on at most ``evaluation_examples`` held-out examples, evenly spaced over all of them."""

    def __init__(self, task: TrainingTask, context: TrainingContext, model: Bert) -> None:
        schedule = task.schedule
        self._held_out = task.held_out
        self._batch_size = schedule.train_batch_size // schedule.accumulation
        self._step_function = evaluation_step_function(
            task.devices.strategy, model, next_sentence=schedule.next_sentence_prediction
        )
        self._watchdog = context.watchdog
        count = min(len(task.held_out), schedule.evaluation_examples)
        self.indices = [i * len(task.held_out) // count for i in range(count)]

    @property
    def has_examples(self) -> bool:
        return bool(self.indices)

    def evaluate(self, step: int, alive: Callable[[], None]) -> Evaluation:
        """``alive`` is called before each batch and may raise to stop."""
        sums = np.zeros(6)
        for first in range(0, len(self.indices), self._batch_size):
            alive()
            with self._watchdog.watching("evaluation"):
                batch = self._held_out.read(self.indices[first : first + self._batch_size])
                filled = {name: tf.constant(values) for name, values in _filled(batch, self._batch_size).items()}
                sums += self._step_function(filled).numpy()
        return Evaluation.of_sums(step, *sums.tolist())


def _filled(batch: Arrays, size: int) -> Arrays:
    """The last batch made as large as the others: replicas share it evenly, and a TPU compiles for one size only."""
    count = len(batch["input_ids"])
    rows = np.minimum(np.arange(size), count - 1)
    is_padding = (np.arange(size) >= count).astype(np.int32)
    return {**{name: values[rows] for name, values in batch.items()}, "is_padding": is_padding}
