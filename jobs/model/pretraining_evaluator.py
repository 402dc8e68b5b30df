"""Scores pretraining on held-out examples: always the same ones, so that evaluations compare."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import tensorflow as tf

from jobs.model.bert import Bert
from jobs.model.dataset import Arrays
from jobs.model.evaluation import PretrainingEvaluation
from jobs.model.train_step import evaluation_step_function

if TYPE_CHECKING:
    from jobs.model.training_task import TrainingContext, TrainingTask


class PretrainingEvaluator:
    """Scores a model on at most ``evaluation_examples`` held-out examples, evenly spaced over all of them."""

    def __init__(self, task: TrainingTask, context: TrainingContext, model: Bert, *, next_sentence: bool) -> None:
        schedule = task.schedule
        self._examples = task.held_out
        self._batch_size = schedule.train_batch_size // schedule.microbatches
        self._step_function = evaluation_step_function(task.devices.strategy, model, next_sentence=next_sentence)
        self._watchdog = context.watchdog
        count = min(len(task.held_out), schedule.evaluation_examples)
        self._indices = [i * len(task.held_out) // count for i in range(count)]

    @property
    def held_out(self) -> int:
        return len(self._indices)

    def evaluate(self, step: int, alive: Callable[[], None]) -> PretrainingEvaluation:
        """``alive`` is called before each batch and may raise to stop."""
        sums = np.zeros(6)
        for first in range(0, len(self._indices), self._batch_size):
            alive()
            with self._watchdog.watching("evaluation"):
                batch = self._examples.read(self._indices[first : first + self._batch_size])
                filled = {name: tf.constant(values) for name, values in _filled(batch, self._batch_size).items()}
                sums += self._step_function(filled).numpy()
        return PretrainingEvaluation.of_sums(step, *sums.tolist())


def _filled(batch: Arrays, size: int) -> Arrays:
    """The last batch made as large as the others: replicas share it evenly, and a TPU compiles for one size only."""
    count = len(batch["input_ids"])
    rows = np.minimum(np.arange(size), count - 1)
    is_padding = (np.arange(size) >= count).astype(np.int32)
    return {**{name: values[rows] for name, values in batch.items()}, "is_padding": is_padding}
