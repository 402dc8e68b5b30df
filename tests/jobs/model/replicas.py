"""A few updates of tuning by some replicas: ``python -m tests.jobs.model.replicas COUNT`` prints what they learnt."""

from __future__ import annotations

import json
import sys

import numpy as np
import tensorflow as tf

from jobs.model.bert import Bert, BertConfig
from jobs.model.devices import find_devices
from jobs.model.optimizer import AdamWeightDecay
from jobs.model.pairs import PairDataset
from jobs.model.train_step import train_steps_function
from jobs.model.tuning import Tuning

Learnt = tuple[list[list[float]], dict[str, list[float]]]
"""The metrics of each step, and the weights by name."""


def tuned(count: int) -> Learnt:
    """Tunes a small model in this process, which must have ``count`` logical CPUs."""
    devices = find_devices("cpu")
    assert devices.count == count, devices
    config = BertConfig(
        vocab_size=50,
        hidden_size=8,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        initializer_range=0.5,
    )
    draws = np.random.default_rng(0)
    texts = [draws.integers(5, 50, draws.integers(3, 12)).astype(np.int32) for _ in range(64)]
    pairs = PairDataset(texts[:32], texts[32:], [""] * 32, lengths=(12, 12))
    objective = Tuning(0.05, pairs)
    with devices.strategy.scope():
        model = Bert(config, 3)
        optimizer = AdamWeightDecay(objective.trainable_variables(model.variables_by_name))
    steps = [pairs.read(range(k * 8, k * 8 + 8)) for k in range(4)]
    batches = {name: tf.constant(np.stack([step[name] for step in steps])) for name in steps[0]}
    update = train_steps_function(devices.strategy, model, optimizer, objective)
    metrics = update(batches, tf.constant(42), tf.constant(0), tf.constant([0.01] * 4))
    weights = {name: variable.numpy().ravel().tolist() for name, variable in model.variables_by_name.items()}
    return metrics.numpy().tolist(), weights


if __name__ == "__main__":
    replicas = int(sys.argv[1])
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * replicas)
    sys.stdout.write(json.dumps(tuned(replicas)))
