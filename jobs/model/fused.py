"""What lies between BERT's matrix products: each function is one pass over memory, forward and backward.

Op by op, every sum and product reads and writes a whole tensor, and together they take longer than the matrix
products; XLA makes one loop of each function. Matrix products stay outside: on a CPU TensorFlow's own are faster
than XLA's. (On a TPU everything is XLA's.) Arithmetic is float32 whatever the types of inputs and results.

Compiling takes seconds at every start, which a small model does not earn back: ``compiled=False`` leaves all to
TensorFlow.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import tensorflow as tf

from jobs.weights.architecture import LAYER_NORM_EPSILON

Function = Callable[..., tf.Tensor]


def one_pass(function: Function) -> Function:
    """Compiles ``function``. Its gradient computes intermediate values again instead of keeping them in memory.

    Positional arguments are tensors, and may be None at the end; floating-point tensors get a gradient. Keyword
    arguments are numbers, and ``compiled``.
    """
    forward = tf.function(function, autograph=False, jit_compile=True)

    @tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
    def backward(upstream: tf.Tensor, *tensors: tf.Tensor, **numbers: float) -> list[tf.Tensor | None]:
        with tf.GradientTape() as tape:
            tape.watch([tensor for tensor in tensors if tensor.dtype.is_floating])
            result = function(*tensors, **numbers)
        gradients: list[tf.Tensor | None] = tape.gradient(result, tensors, upstream)
        return gradients

    def call(*arguments: tf.Tensor | None, compiled: bool = True, **numbers: float) -> tf.Tensor:
        given = [argument for argument in arguments if argument is not None]
        if not compiled:
            return function(*given, **numbers)

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def differentiable(*tensors: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
            return forward(*tensors, **numbers), lambda upstream: backward(upstream, *tensors, **numbers)

        return differentiable(*given)

    return call


def gelu_tanh(x: tf.Tensor) -> tf.Tensor:
    """The tanh form of the Gaussian error linear unit, which google's BERT calls "gelu"."""
    return x * (0.5 * (1.0 + tf.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * (x * x * x)))))


def gelu_erf(x: tf.Tensor) -> tf.Tensor:
    """The Gaussian error linear unit (Hendrycks & Gimpel 2016, arXiv 1606.08415), x times the normal distribution."""
    return 0.5 * x * (1.0 + tf.math.erf(x / math.sqrt(2.0)))


@one_pass
def bias_gelu_tanh(product: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """gelu_tanh(product + bias), in the product's type."""
    return tf.cast(gelu_tanh(_exact(product) + bias), product.dtype)


@one_pass
def bias_gelu_erf(product: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """gelu_erf(product + bias), in the product's type."""
    return tf.cast(gelu_erf(_exact(product) + bias), product.dtype)


@one_pass
def layer_norm(vectors: tf.Tensor, beta: tf.Tensor, gamma: tf.Tensor) -> tf.Tensor:
    """Each vector [..., H] with mean 0 and variance 1, times gamma plus beta (Ba et al. 2016); float32."""
    return _normalised(_exact(vectors), beta, gamma)


@one_pass
def add_and_norm(
    vectors: tf.Tensor,
    product: tf.Tensor,
    bias: tf.Tensor,
    beta: tf.Tensor,
    gamma: tf.Tensor,
    seed: tf.Tensor | None = None,
    *,
    rate: float,
) -> tf.Tensor:
    """The end of BERT's sub-layers: layer_norm(vectors + dropout(product + bias)), float32."""
    return _normalised(vectors + _dropped(_exact(product) + bias, seed, rate), beta, gamma)


@one_pass
def dropout(values: tf.Tensor, seed: tf.Tensor | None = None, *, rate: float) -> tf.Tensor:
    """The values, each 0 with probability ``rate`` and otherwise scaled by 1 / (1 - rate).

    Two integers, ``seed`` [2], decide which; without them nothing is dropped.
    """
    return tf.cast(_dropped(_exact(values), seed, rate), values.dtype)


def softmax(scores: tf.Tensor, added: tf.Tensor, scale: float, *, compiled: bool = True) -> tf.Tensor:
    """softmax(scores * scale + added) over the last axis, in the scores' type; only ``scores`` gets a gradient.

    The gradient follows from the result, so exponentials are computed once.
    """
    if not compiled:
        return _softmax(scores, added, scale)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def differentiable(scores: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
        probabilities = _softmax_forward(scores, added, scale)
        return probabilities, lambda upstream: _softmax_backward(probabilities, upstream, scale)

    return differentiable(scores)


def exact_product(a: tf.Tensor, b: tf.Tensor, rounded: tf.Tensor) -> tf.Tensor:
    """a times b transposed in float32, where logits are summed over a vocabulary, and compared.

    Its gradient is computed in the type of ``rounded``, which is b in that type and gets b's gradient.
    """

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def differentiable(a: tf.Tensor, rounded: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
        def backward(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            upstream = tf.cast(upstream, rounded.dtype)
            of_rounded = tf.matmul(upstream, tf.cast(a, rounded.dtype), transpose_a=True)
            return _exact(upstream @ rounded), of_rounded

        return tf.matmul(a, b, transpose_b=True), backward

    return differentiable(a, rounded)


def _softmax(scores: tf.Tensor, added: tf.Tensor, scale: float) -> tf.Tensor:
    return tf.cast(tf.nn.softmax(_exact(scores) * scale + added), scores.dtype)


_softmax_forward = tf.function(_softmax, autograph=False, jit_compile=True)


@tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
def _softmax_backward(probabilities: tf.Tensor, upstream: tf.Tensor, scale: float) -> tf.Tensor:
    exact, weighted = _exact(probabilities), _exact(probabilities) * _exact(upstream)
    return tf.cast((weighted - exact * tf.reduce_sum(weighted, axis=-1, keepdims=True)) * scale, probabilities.dtype)


def _normalised(vectors: tf.Tensor, beta: tf.Tensor, gamma: tf.Tensor) -> tf.Tensor:
    centred = vectors - tf.reduce_mean(vectors, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
    return centred * tf.math.rsqrt(variance + LAYER_NORM_EPSILON) * gamma + beta


def _dropped(values: tf.Tensor, seed: tf.Tensor | None, rate: float) -> tf.Tensor:
    if seed is None or rate == 0.0:
        return values
    kept = _random_bits(tf.shape(values), seed) >= tf.constant(int(rate * 2**32), tf.uint32)
    return tf.where(kept, values * (1.0 / (1.0 - rate)), 0.0)


def _random_bits(shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """32 bits per element that follow from its number and the seed alone: cheaper to compute again than to keep.

    Philox takes ten rounds, where dropout only needs an even distribution without a pattern.
    """
    first, second = tf.unstack(tf.bitcast(seed, tf.uint32))
    numbers = tf.bitcast(tf.reshape(tf.range(tf.reduce_prod(shape)), shape), tf.uint32)
    # With the first integer alone, one seed's bits would be another's, shifted.
    return _avalanche(_avalanche(numbers + first) ^ second ^ _avalanche(first))


def _avalanche(bits: tf.Tensor) -> tf.Tensor:
    """Every bit of the input changes half of the output's: the last step of MurmurHash3 (Appleby 2011)."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = (bits ^ tf.bitwise.right_shift(bits, tf.constant(shift, tf.uint32))) * tf.constant(factor, tf.uint32)
    return bits ^ tf.bitwise.right_shift(bits, tf.constant(16, tf.uint32))


def _exact(values: tf.Tensor) -> tf.Tensor:
    return tf.cast(values, tf.float32)
