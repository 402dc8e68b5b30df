"""BERT with its two pretraining heads (Devlin et al. 2019), as google-research/bert computes it.

Variables carry the names of google's graph, so that published checkpoints fit. Letters in shapes:
B examples, S positions, H hidden size, N heads, D size of a head (N * D = H), P predictions, V vocabulary.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from pydantic import Field

from jobs.model.fused import (
    add_and_norm,
    add_bias,
    add_to_each,
    attention_shares,
    bias_gelu_erf,
    bias_gelu_tanh,
    dropout,
    exact_product,
    layer_norm,
)
from jobs.model.rounded_copies import NO_COPIES, Copies, Names
from jobs.recipe import Architecture, Precision
from jobs.weights.architecture import GOOGLE_ACTIVATIONS, activation_of_google
from jobs.weights.variable_names import WORD_EMBEDDINGS, Shape, tensors

COMPILED_FROM_HIDDEN_SIZE = 256
"""Hidden size from which functions are compiled. Smaller models train for minutes: compiling would not pay off."""
PROJECTIONS = ("query", "key", "value")
DENSE = ("attention/output/dense", "intermediate/dense", "output/dense")
"""A layer's dense layers after its projections."""
MASKED_SCORE = -10000.0
"""Added to the attention scores of padding; google uses this and not minus infinity."""


class BertConfig(Architecture):
    """The architecture and the size of its vocabulary: the content of ``bert_config.json``."""

    vocab_size: int = Field(gt=0)

    @classmethod
    def of_google(cls, google: Mapping[str, Any]) -> BertConfig:
        """From the content of a ``bert_config.json`` that ``google`` made. Raises ``ConfigurationError``."""
        known = {field: google[field] for field in cls.model_fields if field in google}
        return cls(**known | {"hidden_act": activation_of_google(google.get("hidden_act"))})

    def google(self) -> dict[str, Any]:
        """The content of ``bert_config.json``."""
        return self.model_dump() | {"hidden_act": GOOGLE_ACTIVATIONS[self.hidden_act]}


def variable_shapes(config: BertConfig) -> dict[str, Shape]:
    """Names and shapes of all trainable variables, in the order of google's graph."""
    return {tensor.google: tensor.shape for tensor in tensors(config.model_dump())}


def initial_value(name: str, shape: Shape, stddev: float, seed: int) -> tf.Tensor:
    """A variable's first value. It follows from its name and the seed, whatever other variables there are."""
    if name.endswith("/gamma"):
        return tf.ones(shape)
    if name.endswith(("/beta", "bias")):
        return tf.zeros(shape)
    # The algorithm is named, since the default differs between devices.
    own = tf.constant([seed, zlib.crc32(name.encode())], tf.int64)
    return tf.random.stateless_truncated_normal(shape, seed=own, stddev=stddev, alg="philox")


class Bert(tf.Module):  # type: ignore[misc]
    """The model's state is ``variables_by_name``; everything else follows from ``config``.

    ``precision`` is the type of the inputs to matrix products; variables and everything else are float32.
    """

    def __init__(self, config: BertConfig, seed: int = 0, precision: Precision = "float32") -> None:
        super().__init__(name="bert")
        self.config = config
        self._product_type = tf.as_dtype(precision)
        self._bias_gelu = {"gelu_pytorch_tanh": bias_gelu_tanh, "gelu": bias_gelu_erf}[config.hidden_act]
        self._compiled = config.hidden_size >= COMPILED_FROM_HIDDEN_SIZE
        self._copies = NO_COPIES
        self.variables_by_name: dict[str, tf.Variable] = {
            name: tf.Variable(initial_value(name, shape, config.initializer_range, seed), name=name)
            for name, shape in variable_shapes(config).items()
        }

    @property
    def product_type(self) -> tf.DType:
        """The type of the inputs to matrix products."""
        return self._product_type

    def product_matrices(self) -> list[Names]:
        """The variables that matrix products read in ``product_type``."""
        matrices: list[Names] = [(WORD_EMBEDDINGS,)]
        for index in range(self.config.num_hidden_layers):
            layer = f"bert/encoder/layer_{index}"
            matrices.append(_projections(f"{layer}/attention/self", "kernel"))
            matrices += [(f"{layer}/{dense}/kernel",) for dense in DENSE]
        return [*matrices, ("bert/pooler/dense/kernel",), ("cls/predictions/transform/dense/kernel",)]

    def rounded(self, names: Names) -> tf.Tensor:
        """Variables as a product reads them: in its type, side by side."""
        if names in self._copies:
            return tf.convert_to_tensor(self._copies[names])
        parts = [self._rounded(self._variable(name)) for name in names]
        return parts[0] if len(parts) == 1 else tf.concat(parts, axis=-1)

    @contextmanager
    def reading(self, copies: Copies) -> Iterator[None]:
        """Within it, products read these copies of ``rounded`` variables, and gradients are theirs."""
        self._copies = copies
        try:
            yield
        finally:
            self._copies = NO_COPIES

    def sequence_output(
        self,
        input_ids: tf.Tensor,
        input_mask: tf.Tensor,
        segment_ids: tf.Tensor,
        dropout_seed: tf.Tensor | None = None,
        positions: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """The last layer's vectors, [B, S, H], for integer inputs [B, S]; with ``positions`` [B, P] those, [B, P, H].

        No vector depends on another one of its layer: with ``positions`` the last layer computes only those.
        ``dropout_seed`` is two integers that alone decide what is dropped: the run's seed, and a number that differs
        between steps, replicas and microbatches (``jobs.model.train_step``). None drops nothing.
        """
        config = self.config
        batch, length = tf.shape(input_ids)[0], input_ids.shape[1]
        seeds = self._dropout_seeds(dropout_seed)
        rate = config.hidden_dropout_prob

        vectors = tf.gather(self._variable(WORD_EMBEDDINGS), input_ids)
        # Two rows: a product with one-hot rows is faster than gathering them, forward and backward.
        segments = tf.one_hot(segment_ids, config.type_vocab_size)
        vectors += segments @ self._variable("bert/embeddings/token_type_embeddings")
        by_position = self._variable("bert/embeddings/position_embeddings")[:length]
        vectors = add_to_each(vectors, by_position, compiled=self._compiled)
        # One matrix of all positions from here on: [B * S, H].
        vectors = layer_norm(
            tf.reshape(vectors, [-1, config.hidden_size]), *self._norm("bert/embeddings"), compiled=self._compiled
        )
        vectors = dropout(vectors, next(seeds), rate=rate, compiled=self._compiled)
        rounded = self._rounded(vectors)

        # [B, 1, 1, S], broadcast over heads and querying positions.
        masked_scores = (1.0 - tf.cast(input_mask, tf.float32))[:, None, None, :] * MASKED_SCORE
        for index in range(config.num_hidden_layers):
            layer = f"bert/encoder/layer_{index}"
            asking = rounded
            if positions is not None and index == config.num_hidden_layers - 1:
                by_example = tf.reshape(vectors, [batch, length, config.hidden_size])
                vectors = tf.reshape(tf.gather(by_example, positions, batch_dims=1), [-1, config.hidden_size])
                asking = self._rounded(vectors)
            attended = self._attention(asking, rounded, masked_scores, batch, f"{layer}/attention/self", next(seeds))
            vectors, rounded = self._add(vectors, attended, f"{layer}/attention/output", next(seeds))
            inner = self._activated(rounded, f"{layer}/intermediate/dense")
            vectors, rounded = self._add(vectors, inner, f"{layer}/output", next(seeds))
        return tf.reshape(vectors, [batch, -1, config.hidden_size])

    def pretraining_logits(
        self,
        input_ids: tf.Tensor,
        input_mask: tf.Tensor,
        segment_ids: tf.Tensor,
        masked_lm_positions: tf.Tensor,
        dropout_seed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Logits of the masked words, [B, P, V], and of "the second segment is a random one", [B, 2]."""
        positions = tf.pad(masked_lm_positions, [[0, 0], [1, 0]])  # the first token's, 0, before them
        sequence = self.sequence_output(input_ids, input_mask, segment_ids, dropout_seed, positions)

        masked = tf.reshape(sequence[:, 1:], [-1, self.config.hidden_size])
        masked = self._activated(masked, "cls/predictions/transform/dense")
        masked = layer_norm(masked, *self._norm("cls/predictions/transform"), compiled=self._compiled)
        mlm = exact_product(masked, self._variable(WORD_EMBEDDINGS), self.rounded((WORD_EMBEDDINGS,)))
        mlm += self._variable("cls/predictions/output_bias")

        product, bias = self._product_and_bias(sequence[:, 0], "bert/pooler/dense")
        pooled = tf.tanh(tf.cast(product, tf.float32) + bias)
        relationship = self._variable("cls/seq_relationship/output_weights")
        nsp = tf.matmul(pooled, relationship, transpose_b=True) + self._variable("cls/seq_relationship/output_bias")

        predictions = masked_lm_positions.shape[1]
        return tf.reshape(mlm, [-1, predictions, self.config.vocab_size]), nsp

    def _attention(
        self,
        asking: tf.Tensor,
        vectors: tf.Tensor,
        masked_scores: tf.Tensor,
        batch: tf.Tensor,
        scope: str,
        seed: tf.Tensor | None,
    ) -> tf.Tensor:
        """Multi-head attention of ``asking`` [B * P, H] to ``vectors`` [B * S, H]: [B * P, H], in the products' type.

        Where ``asking`` are all of ``vectors``, they are the same tensor.
        """
        hidden, size = self.config.hidden_size, self.config.hidden_size // self.config.num_attention_heads
        kernels, biases = (self.rounded(_projections(scope, part)) for part in ("kernel", "bias"))
        if asking is vectors:
            # One product for all three: wider products come nearer to the hardware's peak.
            queries, keys, values = self._heads(vectors, kernels, biases, batch)
        else:
            (of_queries, of_others), (query_biases, other_biases) = (
                tf.split(both, [hidden, 2 * hidden], axis=-1) for both in (kernels, biases)
            )
            (queries,) = self._heads(asking, of_queries, query_biases, batch)
            keys, values = self._heads(vectors, of_others, other_biases, batch)

        scores = self._product(queries, keys, transpose_b=True)
        # Drops whole positions to attend to, as the Transformer paper does.
        shares = attention_shares(
            scores,
            masked_scores,
            seed,
            scale=1.0 / math.sqrt(size),
            rate=self.config.attention_probs_dropout_prob,
            compiled=self._compiled,
        )
        context = tf.transpose(self._product(shares, values), [0, 2, 1, 3])
        return tf.reshape(context, [-1, hidden])

    def _heads(self, vectors: tf.Tensor, kernels: tf.Tensor, biases: tf.Tensor, batch: tf.Tensor) -> list[tf.Tensor]:
        """Vectors [B * S, H] times kernels of H columns each, side by side; for each kernel [B, N, S, D]."""
        heads, hidden = self.config.num_attention_heads, self.config.hidden_size
        projected = add_bias(self._product(vectors, kernels), biases)
        projected = tf.reshape(projected, [batch, -1, kernels.shape[1] // hidden, heads, hidden // heads])
        return tf.unstack(tf.transpose(projected, [2, 0, 3, 1, 4]))  # type: ignore[no-any-return]

    def _add(
        self, vectors: tf.Tensor, inputs: tf.Tensor, scope: str, seed: tf.Tensor | None
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """A sub-layer's last dense layer, dropout, residual connection and layer norm; exact, and for products."""
        rate = self.config.hidden_dropout_prob
        product, bias = self._product_and_bias(inputs, f"{scope}/dense")
        return add_and_norm(vectors, product, bias, *self._norm(scope), seed, rate=rate, compiled=self._compiled)

    def _activated(self, vectors: tf.Tensor, scope: str) -> tf.Tensor:
        """A dense layer and the activation, in the products' type."""
        return self._bias_gelu(*self._product_and_bias(vectors, scope), compiled=self._compiled)

    def _product_and_bias(self, vectors: tf.Tensor, scope: str) -> tuple[tf.Tensor, tf.Tensor]:
        """The two summands of a dense layer. The next function adds them, in its own pass."""
        return self._product(vectors, self.rounded((f"{scope}/kernel",))), self._variable(f"{scope}/bias")

    def _product(self, a: tf.Tensor, b: tf.Tensor, transpose_b: bool = False) -> tf.Tensor:
        """A matrix product, inputs and result in the model's precision; sums within are float32."""
        return tf.matmul(self._rounded(a), self._rounded(b), transpose_b=transpose_b)

    def _rounded(self, values: tf.Tensor) -> tf.Tensor:
        return tf.cast(values, self._product_type)

    def _norm(self, scope: str) -> tuple[tf.Tensor, tf.Tensor]:
        return self._variable(f"{scope}/LayerNorm/beta"), self._variable(f"{scope}/LayerNorm/gamma")

    def _variable(self, name: str) -> tf.Tensor:
        return tf.convert_to_tensor(self.variables_by_name[name])

    def _dropout_seeds(self, seed: tf.Tensor | None) -> Iterator[tf.Tensor | None]:
        """One seed per place where the model drops something: the embeddings, and three in each layer."""
        if seed is None:
            return itertools.repeat(None)
        places = 1 + 3 * self.config.num_hidden_layers
        return iter(tf.unstack(tf.random.experimental.stateless_split(seed, places)))


def _projections(scope: str, part: str) -> Names:
    return tuple(f"{scope}/{name}/{part}" for name in PROJECTIONS)
