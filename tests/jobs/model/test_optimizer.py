"""The optimizer against its formulae in numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from jobs.model import optimizer as module
from jobs.model.optimizer import AdamWeightDecay

NAMES = ("bert/layer_0/dense/kernel", "bert/layer_0/dense/bias", "bert/LayerNorm/gamma", "cls/predictions/output_bias")
DECAYED = ("bert/layer_0/dense/kernel",)


@pytest.mark.parametrize("compiled_from", [7, 6], ids=["plain", "compiled"])
@pytest.mark.parametrize("scale", [0.01, 10.0], ids=["below the clipping norm", "above it"])
def test_updates_follow_the_formulae(scale: float, compiled_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMPILED_FROM_ELEMENTS", compiled_from)
    rng = np.random.default_rng(0)
    expected = {name: rng.normal(size=(3, 2)) for name in NAMES}
    m = {name: np.zeros((3, 2)) for name in NAMES}
    v = {name: np.zeros((3, 2)) for name in NAMES}
    variables = {name: tf.Variable(value.astype(np.float32)) for name, value in expected.items()}
    optimizer = AdamWeightDecay(variables)

    for rate in (0.0, 0.1, 0.05):
        gradients = {name: rng.normal(size=(3, 2)) * scale for name in NAMES}
        norm = np.sqrt(sum((g**2).sum() for g in gradients.values()))
        returned = optimizer.apply(
            {(name,): tf.constant(g.astype(np.float32)) for name, g in gradients.items()}, tf.constant(rate, tf.float32)
        )
        assert float(returned) == pytest.approx(norm, rel=1e-5)
        for name in NAMES:
            gradient = gradients[name] / max(norm, 1.0)
            m[name] = 0.9 * m[name] + 0.1 * gradient
            v[name] = 0.999 * v[name] + 0.001 * gradient**2
            decay = 0.01 * expected[name] if name in DECAYED else 0.0
            expected[name] = expected[name] - rate * (m[name] / (np.sqrt(v[name]) + 1e-6) + decay)

    for name in NAMES:
        np.testing.assert_allclose(variables[name].numpy(), expected[name], rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(optimizer.slots_by_name[f"{name}/adam_m"].numpy(), m[name], rtol=1e-4, atol=1e-7)
        np.testing.assert_allclose(optimizer.slots_by_name[f"{name}/adam_v"].numpy(), v[name], rtol=1e-4, atol=1e-9)


class LikeTpu:
    """Hands an update what stands for all replicas' copies of a variable, as a ``TPUStrategy`` does on its devices."""

    extended = SimpleNamespace(update=lambda variable, update, args: update(variable, *args))

    def merge_call(self, merge: Callable[..., None], args: Sequence[Any]) -> None:
        merge(self, *args)


def test_variables_alike_are_told_apart_on_a_tpu_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMPILED_FROM_ELEMENTS", 2)
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        variables = {name: tf.Variable([1.0, 1.0]) for name in ("a/bias", "b/bias")}
        optimizer = AdamWeightDecay(variables)
        monkeypatch.setattr(tf.distribute, "get_replica_context", LikeTpu)
        optimizer.apply({(name,): tf.constant([0.1, 0.1]) for name in variables}, tf.constant(0.1))
    first, second = (variable.numpy().tolist() for variable in variables.values())
    assert first == second != [1.0, 1.0]


def test_slots_are_named_after_their_variable() -> None:
    slots = AdamWeightDecay({"a/kernel": tf.Variable([1.0, 2.0])}).slots_by_name
    assert list(slots) == ["a/kernel/adam_m", "a/kernel/adam_v"]
    assert all((slot.numpy() == 0).all() and not slot.trainable for slot in slots.values())
