"""The TensorFlow sides of ``training.py``: the update that training runs, and google-research/bert's graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import repository_root  # noqa: F401
from training_side import Side, processor

from jobs.model.bert import Bert, BertConfig
from jobs.model.devices import Devices, find_devices
from jobs.model.optimizer import AdamWeightDecay
from jobs.model.pretraining import Pretraining
from jobs.model.train_step import train_steps_function
from jobs.recipe import load_recipe
from jobs.recipe.rates import learning_rate
from tests.jobs.model.made import make_example
from tests.jobs.model.reference import ReferenceGraph

import tensorflow as tf  # isort: skip  # after jobs.model, which holds back its greeting


def side(settings: Any) -> Side:
    """Side ``float32`` or ``bfloat16``, which are ours, or ``theirs``."""
    devices = find_devices(settings.device)
    recipe = load_recipe("clinical", {"architecture.num_hidden_layers": str(settings.layers)})
    config = BertConfig(**recipe.architecture.model_dump(), vocab_size=settings.vocabulary)
    rng = np.random.default_rng(0)
    sizes = {
        "length": settings.sequence,
        "predictions": settings.predictions,
        "vocabulary": settings.vocabulary,
    }
    examples = [make_example(rng, **sizes) for _ in range(settings.batch)]
    batch = {
        name: np.array([e[name] for e in examples], np.float32 if name.endswith("weights") else np.int32)
        for name in examples[0]
    }
    if settings.side == "theirs":
        step = their_step(Path(settings.reference), config, recipe.schedule, batch)
    else:
        schedule = recipe.schedule.model_copy(update={"precision": settings.side})
        step = our_step(devices, config, schedule, batch)
    dtype = tf.bfloat16 if settings.side == "bfloat16" else tf.float32
    matrix = tf.ones([settings.peak_size, settings.peak_size], dtype)

    def peak() -> float:
        return float(tf.cast(tf.matmul(matrix, matrix)[0, 0], tf.float32).numpy())

    def memory_of_gpu() -> int:
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])

    name = f"TensorFlow {tf.__version__}"
    if settings.device == "gpu":
        return Side(step, peak, f"{devices.model}, {name}", memory_of_gpu)
    return Side(step, peak, f"{processor()}, {name}")


def their_step(reference: Path, config: Any, schedule: Any, batch: Any) -> Callable[[], float]:
    graph = ReferenceGraph(reference, config, schedule, batch)
    return lambda: float(graph.step(batch)[0])


def our_step(devices: Devices, config: Any, schedule: Any, batch: Any) -> Callable[[], float]:
    tf.config.experimental.enable_op_determinism()  # as training does
    with devices.strategy.scope():
        model = Bert(config, schedule.seed, schedule.precision)
        optimizer = AdamWeightDecay(model.variables_by_name)
    update = train_steps_function(devices.strategy, model, optimizer, Pretraining())
    batches = {name: tf.constant(array[None]) for name, array in batch.items()}
    steps = iter(range(schedule.train_steps))

    def step() -> float:
        number = next(steps)
        rates = tf.constant([learning_rate(number, schedule)], tf.float32)
        return float(update(batches, tf.constant(schedule.seed), tf.constant(number), rates).numpy()[0, 0])

    return step
