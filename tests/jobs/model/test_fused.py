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
LABELS = tf.constant([0, 15, 3, 3, 9, 1])
MASK = tf.constant([[0.0] * 12 + [-10000.0] * 4])

CASES: dict[str, tuple[Callable[..., tf.Tensor], tuple[tf.Tensor, ...], tuple[Any, ...], dict[str, float]]] = {
    "bias_gelu_tanh": (fused.bias_gelu_tanh, (X, BIAS), (), {}),
    "bias_gelu_erf": (fused.bias_gelu_erf, (X, BIAS), (), {}),
    "layer_norm": (fused.layer_norm, (X, BETA, GAMMA), (), {}),
    "add_and_norm": (fused.add_and_norm, (X, Y, BIAS, BETA, GAMMA), (None,), {"rate": 0.1}),
    "add_and_norm with dropout": (fused.add_and_norm, (X, Y, BIAS, BETA, GAMMA), (SEED,), {"rate": 0.1}),
    "dropout": (fused.dropout, (X,), (SEED,), {"rate": 0.1}),
    "attention_shares": (fused.attention_shares, (X,), (MASK,), {"scale": 0.25, "rate": 0.1}),
    "attention_shares with dropout": (fused.attention_shares, (X,), (MASK, SEED), {"scale": 0.25, "rate": 0.1}),
    "cross_entropy": (fused.cross_entropy, (X,), (LABELS,), {}),
}


def value_and_gradients(
    function: Callable[..., tf.Tensor], watched: tuple[tf.Tensor, ...], rest: tuple[Any, ...], **options: Any
) -> list[Any]:
    with tf.GradientTape() as tape:
        tape.watch(watched)
        results = tf.nest.flatten(function(*watched, *rest, **options))
        # Not a plain sum: that of a softmax or a norm has no gradient.
        weighted = [
            tf.reduce_sum(tf.cast(result, tf.float32) * drawn(*result.shape, seed=seed))
            for seed, result in enumerate(results, 7)
        ]
        total = tf.add_n(weighted)
    gradients = tape.gradient(total, watched)
    return [tf.cast(value, tf.float32).numpy() for value in (*results, *gradients)]


@pytest.mark.parametrize("case", CASES)
def test_compiling_changes_no_value_and_no_gradient(case: str) -> None:
    function, watched, rest, numbers = CASES[case]
    plain, compiled = (
        value_and_gradients(function, watched, rest, compiled=compiled, **numbers) for compiled in (False, True)
    )
    for one, other in zip(plain, compiled, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", ["bias_gelu_tanh", "bias_gelu_erf", "add_and_norm with dropout"])
def test_a_product_in_bfloat16_has_its_result_and_gradient_so(case: str) -> None:
    function, watched, rest, numbers = CASES[case]
    place = 1 if function is fused.add_and_norm else 0
    product = tf.cast(watched[place], tf.bfloat16)
    rounded = (*watched[:place], product, *watched[place + 1 :])
    exact = (*watched[:place], tf.cast(product, tf.float32), *watched[place + 1 :])
    # Both of the exact function's results are exact.
    expected, found = (value_and_gradients(function, given, rest, **numbers) for given in (exact, rounded))
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(other, one, rtol=0.03, atol=0.03)


@pytest.mark.parametrize("function", [fused.gelu_tanh, fused.gelu_erf])
def test_slopes_are_the_derivatives(function: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]) -> None:
    x = tf.linspace(-6.0, 6.0, 101)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value, slope = function(x)
    np.testing.assert_allclose(slope, tape.gradient(value, x), rtol=1e-5, atol=1e-6)


def test_a_bias_gets_the_sum_of_the_rows() -> None:
    with tf.GradientTape() as tape:
        tape.watch([X, BIAS])
        weighted = tf.reduce_sum(fused.add_bias(X, BIAS) * Y)
    of_product, of_bias = tape.gradient(weighted, [X, BIAS])
    np.testing.assert_array_equal(of_product, Y)
    np.testing.assert_allclose(of_bias, tf.reduce_sum(Y, axis=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_what_is_added_to_each_example_gets_the_sum_over_them(compiled: bool) -> None:
    examples, weights = drawn(3, ROWS, WIDTH, seed=6), drawn(3, ROWS, WIDTH, seed=7)
    with tf.GradientTape() as tape:
        tape.watch([examples, X])
        result = fused.add_to_each(examples, X, compiled=compiled)
        weighted = tf.reduce_sum(result * weights)
    of_examples, of_added = tape.gradient(weighted, [examples, X])
    np.testing.assert_array_equal(result, examples + X)
    np.testing.assert_array_equal(of_examples, weights)
    np.testing.assert_allclose(of_added, tf.reduce_sum(weights, axis=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("other", [[6, -6], [7, -7]])
def test_dropout_leaves_its_share_whatever_another_seed_leaves(compiled: bool, other: list[int]) -> None:
    ones = tf.ones([256, 256])
    first, second = (
        fused.dropout(ones, tf.constant(seed), rate=0.25, compiled=compiled).numpy() for seed in ([6, -7], other)
    )
    assert set(np.unique(first)) == {np.float32(0.0), np.float32(1.0 / 0.75)}
    assert (first > 0).mean() == pytest.approx(0.75, abs=0.01)
    # Neither the same mask moved by some places ...
    for moved in (-1, 0, 1):
        both = (first > 0).ravel() & np.roll((second > 0).ravel(), moved)
        assert both.mean() == pytest.approx(0.75**2, abs=0.01)
    # ... nor one with a pattern of its own.
    assert (first > 0).mean(axis=0) == pytest.approx(0.75, abs=0.15)
    assert (first > 0).mean(axis=1) == pytest.approx(0.75, abs=0.15)


def test_logits_are_exact_where_their_gradient_is_rounded() -> None:
    words, vectors = (drawn(*shape, seed=8) for shape in ((50, WIDTH), (ROWS, WIDTH)))
    rounded = tf.cast(words, tf.bfloat16)
    with tf.GradientTape() as tape:
        tape.watch([vectors, words, rounded])
        logits = fused.exact_product(vectors, words, rounded)
        loss = tf.reduce_sum(logits * logits)
    exact = tf.cast(vectors, tf.float64) @ tf.transpose(tf.cast(words, tf.float64))
    np.testing.assert_allclose(logits, exact, rtol=1e-5, atol=1e-5)
    by_vectors, by_words, by_rounded = tape.gradient(loss, [vectors, words, rounded])
    assert by_words is None
    assert (by_vectors.dtype, by_rounded.dtype) == (tf.float32, tf.bfloat16)
    np.testing.assert_allclose(by_vectors, 2 * exact @ tf.cast(words, tf.float64), rtol=0.03, atol=1)
    np.testing.assert_allclose(
        tf.cast(by_rounded, tf.float64), 2 * tf.transpose(exact) @ tf.cast(vectors, tf.float64), rtol=0.03, atol=1
    )
