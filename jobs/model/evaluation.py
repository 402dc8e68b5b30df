"""Scores on held-out examples: always the same ones, so that evaluations compare."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from jobs.model.dataset import Arrays, Examples
from jobs.model.loss import Batch, Evaluation, evaluation
from jobs.model.watchdog import Watchdog


def spread(count: int, wanted: int) -> list[int]:
    """At most ``wanted`` of ``count`` numbers, evenly spaced: always the same, from all files alike."""
    chosen = min(count, wanted)
    return [i * count // chosen for i in range(chosen)]


def evaluate(
    step: int,
    sums_of: Callable[[Batch], tf.Tensor],
    validation: Examples,
    indices: list[int],
    batch_size: int,
    watchdog: Watchdog,
    alive: Callable[[], None],
) -> Evaluation | None:
    """None when there is nothing to evaluate on. ``alive`` is called before each batch; it may raise to stop."""
    sums = np.zeros(6)
    for first in range(0, len(indices), batch_size):
        alive()
        with watchdog.watching("evaluation"):
            batch = validation.read(indices[first : first + batch_size])
            filled = {name: tf.constant(values) for name, values in _filled(batch, batch_size).items()}
            sums += sums_of(filled).numpy()
    return evaluation(step, *sums.tolist()) if indices else None


def _filled(batch: Arrays, size: int) -> Arrays:
    """The last batch made as large as the others: replicas share it evenly, and a TPU compiles for one size only."""
    count = len(batch["input_ids"])
    rows = np.minimum(np.arange(size), count - 1)
    is_padding = (np.arange(size) >= count).astype(np.int32)
    return {**{name: values[rows] for name, values in batch.items()}, "is_padding": is_padding}
