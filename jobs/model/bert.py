"""BERT with its two pretraining heads (Devlin et al. 2019), as google-research/bert computes it.

Variables carry the names of google's graph, so that published checkpoints fit. Letters in shapes:
B examples, S positions, H hidden size, N heads, D size of a head (N * D = H), P predictions, V vocabulary.
"""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterator

import tensorflow as tf
from pydantic import Field

from jobs.recipe import Architecture, Precision
from jobs.weights.names import Shape, tensors

LAYER_NORM_EPSILON = 1e-12
MASKED_SCORE = -10000.0
"""Added to attention scores of padding: as google's, not minus infinity."""


class BertConfig(Architecture):
    """The architecture and the vocabulary it is for: what ``bert_config.json`` says."""

    vocab_size: int = Field(gt=0)


def variable_shapes(config: BertConfig) -> dict[str, Shape]:
    """Names and shapes of all trainable variables, in the order of google's graph."""
    return {tensor.google: tensor.shape for tensor in tensors(config.model_dump())}


def initial_value(name: str, shape: Shape, stddev: float, seed: int) -> tf.Tensor:
    """A variable's first value: a function of its name and the seed, whatever other variables there are."""
    if name.endswith("/gamma"):
        return tf.ones(shape)
    if name.endswith(("/beta", "bias")):
        return tf.zeros(shape)
    # One generator named, since the default differs between devices.
    own = tf.constant([seed, zlib.crc32(name.encode())], tf.int64)
    return tf.random.stateless_truncated_normal(shape, seed=own, stddev=stddev, alg="philox")


class Bert(tf.Module):  # type: ignore[misc]
    """The model's state is ``variables_by_name``; everything else follows from ``config``.

    ``precision`` is that of the inputs to matrix products; variables and everything between are float32.
    """

    def __init__(self, config: BertConfig, seed: int = 0, precision: Precision = "float32") -> None:
        super().__init__(name="bert")
        self.config = config
        self._product_type = tf.as_dtype(precision)
        self.variables_by_name: dict[str, tf.Variable] = {
            name: tf.Variable(initial_value(name, shape, config.initializer_range, seed), name=name)
            for name, shape in variable_shapes(config).items()
        }

    def sequence_output(
        self,
        input_ids: tf.Tensor,
        input_mask: tf.Tensor,
        segment_ids: tf.Tensor,
        dropout_seed: tf.Tensor | None = None,
    ) -> tf.Tensor:
        """The last layer's vectors, [B, S, H], for integer inputs [B, S].

        ``dropout_seed`` is two integers, (seed, step): they alone decide what is dropped. None drops nothing.
        """
        config = self.config
        batch, length = tf.shape(input_ids)[0], input_ids.shape[1]
        seeds = self._dropout_seeds(dropout_seed)

        vectors = tf.gather(self._variable("bert/embeddings/word_embeddings"), input_ids)
        # Two rows: a product with one-hot rows is faster than gathering them, forth and back.
        segments = tf.one_hot(segment_ids, config.type_vocab_size)
        vectors += segments @ self._variable("bert/embeddings/token_type_embeddings")
        vectors += self._variable("bert/embeddings/position_embeddings")[:length]
        # One matrix of all positions from here on: [B * S, H].
        vectors = tf.reshape(vectors, [-1, config.hidden_size])
        vectors = _dropout(self._layer_norm(vectors, "bert/embeddings"), config.hidden_dropout_prob, next(seeds))

        # [B, 1, 1, S], broadcast over heads and querying positions.
        masked_scores = (1.0 - tf.cast(input_mask, tf.float32))[:, None, None, :] * MASKED_SCORE
        for index in range(config.num_hidden_layers):
            layer = f"bert/encoder/layer_{index}"
            attended = self._attention(vectors, masked_scores, batch, f"{layer}/attention/self", next(seeds))
            attended = self._dense(attended, f"{layer}/attention/output/dense")
            attended = _dropout(attended, config.hidden_dropout_prob, next(seeds))
            vectors = self._layer_norm(vectors + attended, f"{layer}/attention/output")
            inner = gelu(self._dense(vectors, f"{layer}/intermediate/dense"))
            outer = self._dense(inner, f"{layer}/output/dense")
            outer = _dropout(outer, config.hidden_dropout_prob, next(seeds))
            vectors = self._layer_norm(vectors + outer, f"{layer}/output")
        return tf.reshape(vectors, [batch, length, config.hidden_size])

    def pretraining_logits(
        self,
        input_ids: tf.Tensor,
        input_mask: tf.Tensor,
        segment_ids: tf.Tensor,
        masked_lm_positions: tf.Tensor,
        dropout_seed: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Logits of the masked words, [B, P, V], and of "the second segment is a random one", [B, 2]."""
        sequence = self.sequence_output(input_ids, input_mask, segment_ids, dropout_seed)

        masked = tf.gather(sequence, masked_lm_positions, batch_dims=1)
        masked = tf.reshape(masked, [-1, self.config.hidden_size])
        masked = gelu(self._dense(masked, "cls/predictions/transform/dense"))
        masked = self._layer_norm(masked, "cls/predictions/transform")
        words = self._variable("bert/embeddings/word_embeddings")
        mlm = self._product(masked, words, transpose_b=True) + self._variable("cls/predictions/output_bias")

        pooled = tf.tanh(self._dense(sequence[:, 0], "bert/pooler/dense"))
        relationship = self._variable("cls/seq_relationship/output_weights")
        nsp = self._product(pooled, relationship, transpose_b=True) + self._variable("cls/seq_relationship/output_bias")

        predictions = masked_lm_positions.shape[1]
        return tf.reshape(mlm, [-1, predictions, self.config.vocab_size]), nsp

    def _attention(
        self, vectors: tf.Tensor, masked_scores: tf.Tensor, batch: tf.Tensor, scope: str, seed: tf.Tensor | None
    ) -> tf.Tensor:
        """Multi-head self-attention, [B * S, H] -> [B * S, H]."""
        config = self.config
        size = config.hidden_size // config.num_attention_heads

        def heads(projection: str) -> tf.Tensor:  # [B, N, S, D]
            projected = self._dense(vectors, f"{scope}/{projection}")
            return tf.transpose(tf.reshape(projected, [batch, -1, config.num_attention_heads, size]), [0, 2, 1, 3])

        scores = self._product(heads("query"), heads("key"), transpose_b=True) * (1.0 / math.sqrt(size))
        shares = tf.nn.softmax(scores + masked_scores)
        # Drops whole positions to attend to, as the Transformer paper does.
        shares = _dropout(shares, config.attention_probs_dropout_prob, seed)
        context = tf.transpose(self._product(shares, heads("value")), [0, 2, 1, 3])
        return tf.reshape(context, [-1, config.hidden_size])

    def _dense(self, vectors: tf.Tensor, scope: str) -> tf.Tensor:
        product = self._product(vectors, self._variable(f"{scope}/kernel"))
        return tf.nn.bias_add(product, self._variable(f"{scope}/bias"))

    def _product(self, a: tf.Tensor, b: tf.Tensor, transpose_b: bool = False) -> tf.Tensor:
        """A matrix product in the model's precision, float32 again."""
        a, b = tf.cast(a, self._product_type), tf.cast(b, self._product_type)
        return tf.cast(tf.matmul(a, b, transpose_b=transpose_b), tf.float32)

    def _layer_norm(self, vectors: tf.Tensor, scope: str) -> tf.Tensor:
        beta, gamma = self._variable(f"{scope}/LayerNorm/beta"), self._variable(f"{scope}/LayerNorm/gamma")
        mean, variance = tf.nn.moments(vectors, axes=[-1], keepdims=True)
        return tf.nn.batch_normalization(vectors, mean, variance, beta, gamma, LAYER_NORM_EPSILON)

    def _variable(self, name: str) -> tf.Variable:
        return self.variables_by_name[name]

    def _dropout_seeds(self, seed: tf.Tensor | None) -> Iterator[tf.Tensor | None]:
        """One seed per place where the model drops something: the embeddings, and three in each layer."""
        if seed is None:
            return itertools.repeat(None)
        places = 1 + 3 * self.config.num_hidden_layers
        return iter(tf.unstack(tf.random.experimental.stateless_split(seed, places)))


def gelu(x: tf.Tensor) -> tf.Tensor:
    """The tanh form of the Gaussian error linear unit, which google's BERT calls "gelu"."""
    return x * (0.5 * (1.0 + tf.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * (x * x * x)))))


def _dropout(x: tf.Tensor, rate: float, seed: tf.Tensor | None) -> tf.Tensor:
    if seed is None or rate == 0.0:
        return x
    return tf.nn.experimental.stateless_dropout(x, rate, seed, rng_alg="philox")
