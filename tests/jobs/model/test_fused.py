"""Compiled or not, the passes between matrix products compute the same, forth and back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from jobs.model import fused

ROWS, WIDTH = 6, 16


def drawn(*shape: int, seed: int = 0) -> tf.Tensor:
    return tf.constant(np.random.default_rng(seed).normal(size=shape), tf.float32)


X, Y = drawn(ROWS, WIDTH, seed=1), drawn(ROWS, WIDTH, seed=2)
BIAS, BETA, GAMMA = (drawn(WIDTH, seed=seed) for seed in (3, 4, 5))
SEED = tf.constant([6, -7])
MASK = tf.constant([[0.0] * 12 + [-10000.0] * 4])

CASES: dict[str, tuple[Callable[..., tf.Tensor], tuple[tf.Tensor, ...], tuple[Any, ...], dict[str, float]]] = {
    "bias_gelu": (fused.bias_gelu, (X, BIAS), (), {}),
    "layer_norm": (fused.layer_norm, (X, BETA, GAMMA), (), {}),
    "add_and_norm": (fused.add_and_norm, (X, Y, BIAS, BETA, GAMMA), (None,), {"rate": 0.1}),
    "add_and_norm with dropout": (fused.add_and_norm, (X, Y, BIAS, BETA, GAMMA), (SEED,), {"rate": 0.1}),
    "dropout": (fused.dropout, (X,), (SEED,), {"rate": 0.1}),
    "softmax": (fused.softmax, (X,), (MASK, 0.25), {}),
}


def value_and_gradients(
    function: Callable[..., tf.Tensor], watched: tuple[tf.Tensor, ...], rest: tuple[Any, ...], **options: Any
) -> list[Any]:
    with tf.GradientTape() as tape:
        tape.watch(watched)
        result = function(*watched, *rest, **options)
        # Not a plain sum: that of a softmax or a norm has no gradient.
        weighted = tf.reduce_sum(tf.cast(result, tf.float32) * drawn(ROWS, WIDTH, seed=7))
    return [result.numpy(), *(gradient.numpy() for gradient in tape.gradient(weighted, watched))]


@pytest.mark.parametrize("case", CASES)
def test_compiling_changes_no_value_and_no_gradient(case: str) -> None:
    function, watched, rest, numbers = CASES[case]
    plain, compiled = (
        value_and_gradients(function, watched, rest, compiled=compiled, **numbers) for compiled in (False, True)
    )
    for one, other in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
