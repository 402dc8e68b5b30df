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
ValueAndSlope = tuple[tf.Tensor, tf.Tensor]
"""The value and the derivative of a function of one variable."""


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


def gelu_tanh(x: tf.Tensor) -> ValueAndSlope:
    """The tanh form of the Gaussian error linear unit, which google's BERT calls "gelu"."""
    scale = math.sqrt(2.0 / math.pi)
    tanh = tf.tanh(scale * (x + 0.044715 * (x * x * x)))
    share = 0.5 * (1.0 + tanh)
    return x * share, share + x * (0.5 * scale * (1.0 - tanh * tanh) * (1.0 + 3.0 * 0.044715 * (x * x)))


def gelu_erf(x: tf.Tensor) -> ValueAndSlope:
    """The Gaussian error linear unit (Hendrycks & Gimpel 2016, arXiv 1606.08415), x times the normal distribution."""
    erf = tf.math.erf(x / math.sqrt(2.0))
    density = tf.exp(-0.5 * (x * x)) / math.sqrt(2.0 * math.pi)
    return 0.5 * x * (1.0 + erf), 0.5 * (1.0 + erf) + x * density


def with_bias(activation: Callable[[tf.Tensor], ValueAndSlope]) -> Function:
    """A compiled function of a product and a bias: activation(product + bias), in the product's type.

    The forward pass keeps the slope, in that type, and not what it was computed from: the costly function is computed
    once, and no more memory is taken.
    """

    def value_and_slope(product: tf.Tensor, bias: tf.Tensor) -> ValueAndSlope:
        value, slope = activation(_exact(product) + bias)
        return tf.cast(value, product.dtype), tf.cast(slope, product.dtype)

    forward = tf.function(value_and_slope, autograph=False, jit_compile=True)

    def call(product: tf.Tensor, bias: tf.Tensor, *, compiled: bool = True) -> tf.Tensor:
        if not compiled:
            return value_and_slope(product, bias)[0]

        @tf.custom_gradient  # type: ignore[untyped-decorator]
        def differentiable(product: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
            value, slope = forward(product, bias)

            def backward(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
                of_product = _times(upstream, slope)
                return of_product, column_sums(of_product)

            return value, backward

        return differentiable(product, bias)

    return call


bias_gelu_tanh = with_bias(gelu_tanh)
bias_gelu_erf = with_bias(gelu_erf)


@one_pass
def layer_norm(vectors: tf.Tensor, beta: tf.Tensor, gamma: tf.Tensor) -> tf.Tensor:
    """Each vector [..., H] with mean 0 and variance 1, times gamma plus beta (Ba et al. 2016); float32."""
    return _whitened(_exact(vectors))[0] * gamma + beta


def add_and_norm(
    vectors: tf.Tensor,
    product: tf.Tensor,
    bias: tf.Tensor,
    beta: tf.Tensor,
    gamma: tf.Tensor,
    seed: tf.Tensor | None = None,
    *,
    rate: float,
    compiled: bool = True,
) -> tuple[tf.Tensor, tf.Tensor]:
    """The end of BERT's sub-layers: layer_norm(vectors + dropout(product + bias)), float32 and in the product's type.

    The former is what the next residual connection adds, the latter what the next product reads.
    """
    if not compiled:
        exact, rounded, _, _ = _added_and_normalised(vectors, product, bias, beta, gamma, seed, rate)
        return exact, rounded
    is_rounded = product.dtype != tf.float32

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def differentiable(*tensors: tf.Tensor) -> tuple[list[tf.Tensor], Callable[..., Any]]:
        exact, rounded, whitened, inverse = _add_and_norm_forward(*tensors, seed, rate)

        def backward(*upstreams: tf.Tensor) -> tuple[tf.Tensor, ...]:
            of_vectors, of_product, of_beta, of_gamma = _add_and_norm_backward(
                list(upstreams), whitened, inverse, tensors[-1], seed, rate, product.dtype
            )
            return of_vectors, of_product, column_sums(of_product), of_beta, of_gamma

        return [exact, rounded] if is_rounded else [exact], backward

    results = differentiable(vectors, product, bias, beta, gamma)
    return results[0], results[-1]


@one_pass
def dropout(values: tf.Tensor, seed: tf.Tensor | None = None, *, rate: float) -> tf.Tensor:
    """The values, each 0 with probability ``rate`` and otherwise scaled by 1 / (1 - rate).

    Two integers, ``seed`` [2], decide which; without them nothing is dropped.
    """
    return tf.cast(_dropped(_exact(values), seed, rate), values.dtype)


def attention_shares(
    scores: tf.Tensor,
    added: tf.Tensor,
    seed: tf.Tensor | None = None,
    *,
    scale: float,
    rate: float,
    compiled: bool = True,
) -> tf.Tensor:
    """dropout(softmax(scores * scale + added)) over the last axis, in the scores' type; only they get a gradient.

    The gradient follows from the softmax, so exponentials are computed once.
    """
    if not compiled:
        return _shares(scores, added, seed, scale, rate)[1]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def differentiable(scores: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
        probabilities, shares = _shares_forward(scores, added, seed, scale, rate)
        return shares, lambda upstream: _shares_backward(probabilities, upstream, seed, scale, rate)

    return differentiable(scores)


def add_bias(product: tf.Tensor, bias: tf.Tensor) -> tf.Tensor:
    """product + bias, both of one type."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def differentiable(product: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
        return tf.nn.bias_add(product, bias), lambda upstream: (upstream, column_sums(upstream, upstream.dtype))

    return differentiable(product, bias)


def add_to_each(vectors: tf.Tensor, added: tf.Tensor, *, compiled: bool = True) -> tf.Tensor:
    """vectors [B, S, H] + added [S, H]. TensorFlow's gradient of the latter is a reduction on one thread."""
    if not compiled:
        return vectors + added

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def differentiable(vectors: tf.Tensor, added: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
        def backward(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            by_example = tf.reshape(upstream, [tf.shape(upstream)[0], -1])
            return upstream, tf.reshape(column_sums(by_example), tf.shape(added))

        return vectors + added, backward

    return differentiable(vectors, added)


def column_sums(values: tf.Tensor, result: tf.DType = tf.float32) -> tf.Tensor:
    """The sum of the rows [N, H], a bias's gradient. A product with ones takes a third of the time of a reduction."""
    ones = tf.ones([1, tf.shape(values)[0]], values.dtype)
    return tf.cast(tf.matmul(ones, values)[0], result)


def cross_entropy(logits: tf.Tensor, labels: tf.Tensor, *, compiled: bool = True) -> tf.Tensor:
    """Nats of each row's label, for float32 logits [..., V] and integer labels [...].

    TensorFlow's own, when it is to give the same every time, takes a pass over the logits for each part of the formula.
    """
    if not compiled:
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def differentiable(logits: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
        nats, total = _cross_entropy_forward(logits, labels)
        return nats, lambda upstream: _cross_entropy_backward(upstream, logits, labels, total)

    return differentiable(logits)


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


@tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
def _times(upstream: tf.Tensor, slope: tf.Tensor) -> tf.Tensor:
    return tf.cast(_exact(upstream) * _exact(slope), slope.dtype)


def _shares(
    scores: tf.Tensor, added: tf.Tensor, seed: tf.Tensor | None, scale: float, rate: float
) -> tuple[tf.Tensor, tf.Tensor]:
    """The softmax, and what dropout leaves of it as it is rounded."""
    probabilities = tf.cast(tf.nn.softmax(_exact(scores) * scale + added), scores.dtype)
    return probabilities, tf.cast(_dropped(_exact(probabilities), seed, rate), scores.dtype)


_shares_forward = tf.function(_shares, autograph=False, jit_compile=True)


@tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
def _shares_backward(
    probabilities: tf.Tensor, upstream: tf.Tensor, seed: tf.Tensor | None, scale: float, rate: float
) -> tf.Tensor:
    exact = _exact(probabilities)
    weighted = exact * _dropped(_exact(upstream), seed, rate)
    return tf.cast((weighted - exact * tf.reduce_sum(weighted, axis=-1, keepdims=True)) * scale, probabilities.dtype)


@tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
def _cross_entropy_forward(logits: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The nats, and the logarithm of the sum of all exponentials, [..., 1]."""
    total = tf.reduce_logsumexp(logits, axis=-1, keepdims=True)
    return total[..., 0] - tf.gather(logits, labels, batch_dims=labels.shape.rank), total


@tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
def _cross_entropy_backward(upstream: tf.Tensor, logits: tf.Tensor, labels: tf.Tensor, total: tf.Tensor) -> tf.Tensor:
    is_label = tf.equal(tf.range(logits.shape[-1]), labels[..., None])
    return (tf.exp(logits - total) - tf.cast(is_label, tf.float32)) * upstream[..., None]


def _added_and_normalised(
    vectors: tf.Tensor,
    product: tf.Tensor,
    bias: tf.Tensor,
    beta: tf.Tensor,
    gamma: tf.Tensor,
    seed: tf.Tensor | None,
    rate: float,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """The result, exact and rounded; then the vectors as normalised, and by what their centred ones were multiplied."""
    whitened, inverse = _whitened(vectors + _dropped(_exact(product) + bias, seed, rate))
    exact = whitened * gamma + beta
    return exact, tf.cast(exact, product.dtype), whitened, inverse


_add_and_norm_forward = tf.function(_added_and_normalised, autograph=False, jit_compile=True)


@tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
def _add_and_norm_backward(
    upstreams: list[tf.Tensor],
    whitened: tf.Tensor,
    inverse: tf.Tensor,
    gamma: tf.Tensor,
    seed: tf.Tensor | None,
    rate: float,
    product_type: tf.DType,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Gradients of vectors, product, beta and gamma; the bias's is the sum of the product's rows."""
    upstream = tf.add_n([_exact(one) for one in upstreams])
    along = upstream * whitened

    def mean_scaled(values: tf.Tensor) -> tf.Tensor:
        # As a product with gamma: a reduction would need values * gamma in memory.
        return tf.matmul(values, gamma[:, None]) / whitened.shape[-1]

    of_vectors = inverse * (upstream * gamma - mean_scaled(upstream) - whitened * mean_scaled(along))
    of_product = tf.cast(_dropped(of_vectors, seed, rate), product_type)
    return of_vectors, of_product, tf.reduce_sum(upstream, axis=0), tf.reduce_sum(along, axis=0)


def _whitened(vectors: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Each vector with mean 0 and variance 1; and by what the centred one was multiplied, [..., 1]."""
    centred = vectors - tf.reduce_mean(vectors, axis=-1, keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
    inverse = tf.math.rsqrt(variance + LAYER_NORM_EPSILON)
    return centred * inverse, inverse


def _dropped(values: tf.Tensor, seed: tf.Tensor | None, rate: float) -> tf.Tensor:
    if seed is None or rate == 0.0:
        return values
    kept = _random_bits(tf.shape(values), seed) >= tf.constant(int(rate * 2**32), tf.uint32)
    return tf.where(kept, values * (1.0 / (1.0 - rate)), 0.0)


def _random_bits(shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """32 bits per element that follow from its place and the seed alone: cheaper to compute again than to keep.

    Philox takes ten rounds, where dropout only needs an even distribution without a pattern. Each row has a stream of
    its own: steps of the golden ratio, as SplitMix takes (Steele et al. 2014), from two numbers of that row's.
    """
    first, second = tf.unstack(tf.bitcast(seed, tf.uint32))
    rows, columns = (tf.bitcast(tf.range(count), tf.uint32) for count in (tf.reduce_prod(shape[:-1]), shape[-1]))
    # With the first integer alone, one seed's bits would be another's, moved by some rows.
    start = _avalanche(_avalanche(rows + first) ^ second ^ _avalanche(first))
    other = _avalanche(start + second)
    steps = columns * tf.constant(0x9E3779B9, tf.uint32)
    return tf.reshape(_avalanche((start[:, None] + steps) ^ other[:, None]), shape)


def _avalanche(bits: tf.Tensor) -> tf.Tensor:
    """Every bit of the input changes half of the output's: the last step of MurmurHash3 (Appleby 2011)."""
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = (bits ^ tf.bitwise.right_shift(bits, tf.constant(shift, tf.uint32))) * tf.constant(factor, tf.uint32)
    return bits ^ tf.bitwise.right_shift(bits, tf.constant(16, tf.uint32))


def _exact(values: tf.Tensor) -> tf.Tensor:
    return tf.cast(values, tf.float32)
