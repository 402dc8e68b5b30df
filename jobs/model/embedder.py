"""Sentence vectors from BERT, at unit length: the mean of the last layer over a text's tokens, or its first one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from jobs.json_text import mapping_in
from jobs.model.bert import Bert, BertConfig
from jobs.model.devices import Devices
from jobs.model.pairs import Ids, padded
from jobs.weights.hugging_face import HuggingFaceWeights
from jobs.weights.safetensors_file import SafetensorsFile

Pooling = Literal["mean", "cls"]
"""How a text's token vectors become one. What we tune pools by the mean; a published model may take the first."""

LENGTH_STEP = 32
"""Batches are padded to a multiple of so many tokens: each length is traced once."""
BATCH_TOKENS = 8192
"""Tokens of a batch, padding included, on each replica."""


def sentence_vectors(
    model: Bert,
    input_ids: tf.Tensor,
    input_mask: tf.Tensor,
    dropout_seed: tf.Tensor | None = None,
    *,
    pooling: Pooling = "mean",
) -> tf.Tensor:
    """Unit vectors [B, H], float32, for integer inputs [B, S]; padding has mask 0 and counts for nothing."""
    hidden = model.sequence_output(input_ids, input_mask, tf.zeros_like(input_ids), dropout_seed)
    if pooling == "cls":
        return tf.math.l2_normalize(tf.cast(hidden[:, 0], tf.float32), axis=-1)
    weights = tf.cast(input_mask, tf.float32)[..., None]
    mean = tf.reduce_sum(tf.cast(hidden, tf.float32) * weights, axis=1) / tf.reduce_sum(weights, axis=1)
    return tf.math.l2_normalize(mean, axis=-1)


class Embedder:
    """Encodes texts in batches of like length; the batches follow from the texts and the devices alone."""

    def __init__(self, model: Bert, devices: Devices, pooling: Pooling = "mean") -> None:
        self._model = model
        self._pooling: Pooling = pooling
        self._devices = devices
        self._by_length: dict[int, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {}

    @property
    def width(self) -> int:
        """The length of its vectors, H."""
        return self._model.config.hidden_size

    def encode(self, texts: Sequence[Ids], alive: Callable[[int], None] = lambda _: None) -> NDArray[np.float32]:
        """Unit vectors [N, H] of texts given as ids, [CLS] and [SEP] included.

        ``alive`` is called before each batch with the number of texts that are done; it may raise to stop.
        """
        vectors = np.empty((len(texts), self.width), np.float32)
        members: dict[int, list[int]] = defaultdict(list)
        for index, text in enumerate(texts):
            members[self._padded_length(len(text))].append(index)
        done = 0
        for length, indices in sorted(members.items()):
            size = self._devices.count * max(1, BATCH_TOKENS // length)
            for start in range(0, len(indices), size):
                alive(done)
                chosen = indices[start : start + size]
                vectors[chosen] = self._encode([texts[i] for i in chosen], length, size)
                done += len(chosen)
        return vectors

    def _encode(self, texts: Sequence[Ids], length: int, size: int) -> NDArray[np.float32]:
        # Replicas share a batch evenly, and a TPU compiles anew for each number of rows.
        rows = size if self._devices.kind == "TPU" else -(-len(texts) // self._devices.count) * self._devices.count
        ids, mask = padded([*texts, *[texts[-1]] * (rows - len(texts))], length)
        encoded: NDArray[np.float32] = self._function(length)(tf.constant(ids), tf.constant(mask)).numpy()
        return encoded[: len(texts)]

    def _function(self, length: int) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        if length not in self._by_length:
            self._by_length[length] = self._traced(length)
        return self._by_length[length]

    def _traced(self, length: int) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        strategy = self._devices.strategy
        replicas = strategy.num_replicas_in_sync

        def vectors(ids: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
            return sentence_vectors(self._model, ids, mask, pooling=self._pooling)

        def encode(ids: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
            parts = [tf.split(values, replicas) for values in (ids, mask)]
            shares = [
                strategy.experimental_distribute_values_from_function(
                    lambda context, part=part: part[context.replica_id_in_sync_group]
                )
                for part in parts
            ]
            results = strategy.experimental_local_results(strategy.run(vectors, args=tuple(shares)))
            return tf.concat(results, axis=0)

        # A concrete function per length, of any number of rows: except on a TPU, which gets one number only.
        signature = tf.TensorSpec([None, length], tf.int32)
        function = tf.function(encode, autograph=False)
        if self._devices.kind == "TPU":
            return function  # type: ignore[no-any-return]
        return function.get_concrete_function(signature, signature)  # type: ignore[no-any-return]

    def _padded_length(self, length: int) -> int:
        return min(-(-length // LENGTH_STEP) * LENGTH_STEP, self._model.config.max_position_embeddings)


def load_encoder(directory: Path, devices: Devices) -> Bert:
    """The model of an ``embedder/`` directory, or of any Hugging Face directory, on ``devices``; its heads are random.

    Raises ``ConfigurationError`` when a variable of the encoder is missing or of another shape.
    """
    stored = mapping_in(directory / "config.json", "tune again")
    config = BertConfig(**{name: stored[name] for name in BertConfig.model_fields})
    file = directory / "model.safetensors"
    weights = HuggingFaceWeights(SafetensorsFile(file, str(file)), str(file), config.model_dump())
    with devices.strategy.scope():
        model = Bert(config)
    for name, variable in model.variables_by_name.items():
        if not is_head(name):
            variable.assign(weights.read(name))
    return model


def is_head(name: str) -> bool:
    """Whether no sentence vector depends on the variable of this name."""
    return name.startswith(("bert/pooler/", "cls/"))
