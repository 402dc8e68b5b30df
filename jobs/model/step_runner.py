"""Runs training steps on the devices, several per call, with batches that are read ahead."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

import numpy as np
import tensorflow as tf

from jobs.model.bert import Bert
from jobs.model.divergence import check_finite
from jobs.model.optimizer import AdamWeightDecay
from jobs.model.sampler import BatchSampler
from jobs.model.train_step import metric_names, train_steps_function
from jobs.model.training_task import TrainingContext, TrainingTask
from jobs.recipe.rates import learning_rate


@dataclass(frozen=True)
class Call:
    """What one call to the devices did."""

    steps: int
    last_metrics: dict[str, float]
    """Metrics of its last step and that step's learning rate."""
    seconds: float
    waited: float
    """How many of ``seconds`` went into waiting for batches."""


class StepRunner:
    """Trains from step ``first`` on. ``close`` ends the reading ahead."""

    def __init__(
        self, task: TrainingTask, context: TrainingContext, model: Bert, optimizer: AdamWeightDecay, first: int
    ) -> None:
        schedule = task.schedule
        self._schedule = schedule
        self._context = context
        self._names = metric_names(task.objective)
        self._train_steps = train_steps_function(
            task.devices.strategy,
            model,
            optimizer,
            task.objective,
            accumulation=schedule.microbatches,
        )
        self._batches = BatchSampler(
            task.examples, batch_size=schedule.train_batch_size, seed=schedule.seed, masking=task.masking
        )
        self._upcoming = self._batches.batches(first, schedule.train_steps)

    def close(self) -> None:
        self._upcoming.close()

    def run(self, step: int, stop: int) -> Call:
        """Some steps from ``step``, at most to ``stop``. Raises ``DivergedError`` and what reading batches raises."""
        began = self._context.clock()
        count = self._context.steps_per_call.steps(step, stop)
        with self._context.watchdog.watching("input", count):
            block = list(islice(self._upcoming, count))
        waited = self._context.clock() - began
        rates = [learning_rate(s, self._schedule) for s in range(step, step + count)]
        with self._context.watchdog.watching("train_step", count):
            metrics = self._train_steps(
                {name: tf.constant(np.stack([batch[name] for batch in block])) for name in block[0]},
                tf.constant(self._schedule.seed),
                tf.constant(step),
                tf.constant(rates, tf.float32),
            ).numpy()
        check_finite(self._names, metrics, step, self._batches, self._context.artifact, self._context.limits.section)
        seconds = self._context.clock() - began
        self._context.steps_per_call.took(count, seconds)
        last = dict(zip(self._names, map(float, metrics[-1]), strict=True))
        return Call(count, last | {"learning_rate": rates[-1]}, seconds, waited)
