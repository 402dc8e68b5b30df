"""Batches of pretraining examples: which examples a step sees follows from (seed, step) alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jobs.artifact import Artifact, Output
from jobs.errors import ConfigurationError
from jobs.model.bert import BertConfig
from jobs.model.loss import Batch
from jobs.model.records import Records

REMEDY = "make the examples again with this recipe: covid-ctl submit preprocess"


class Examples:
    """The examples of some TFRecord files as google-research/bert's create_pretraining_data writes them.

    The first example of each file is looked at here, ids in every batch: what does not fit
    ``config`` raises ``ConfigurationError`` with file and record.
    """

    def __init__(
        self, files: list[tuple[str, Path]], config: BertConfig, *, max_seq_length: int, max_predictions_per_seq: int
    ) -> None:
        self._records = Records(files)
        self._config = config
        self._max_seq_length = max_seq_length
        self._features = _features(max_seq_length, max_predictions_per_seq)
        self.read(self._records.firsts())

    def __len__(self) -> int:
        return len(self._records)

    def where(self, index: int) -> str:
        return self._records.where(index)

    def read(self, indices: Iterable[int]) -> Batch:
        """Some examples by number: int32 [B, n] per feature, ``masked_lm_weights`` float32."""
        indices = list(indices)
        if not indices:
            return {}
        # Batch, then parse: one call for all of them, several times faster than one call each.
        with tf.device("CPU:0"):
            try:
                parsed = tf.io.parse_example([self._records[i] for i in indices], self._features)
            except tf.errors.InvalidArgumentError as error:
                raise self._unfit(indices, error) from error
            self._check_ids(indices, parsed)
            return {k: tf.cast(v, tf.int32) if v.dtype == tf.int64 else v for k, v in parsed.items()}

    def _check_ids(self, indices: list[int], parsed: Batch) -> None:
        """An id beyond its table would end the run inside TensorFlow, or pass unnoticed on some devices."""
        limits = {
            "input_ids": ("vocabulary", self._config.vocab_size),
            "masked_lm_ids": ("vocabulary", self._config.vocab_size),
            "segment_ids": ("segment types", self._config.type_vocab_size),
            "masked_lm_positions": ("positions", self._max_seq_length),
            "next_sentence_labels": ("labels", 2),
        }
        for feature, (table, size) in limits.items():
            values = parsed[feature].numpy()
            if values.min() < 0 or values.max() >= size:
                row, column = np.argwhere((values < 0) | (values >= size))[0]
                raise ConfigurationError(
                    self.where(indices[row]),
                    f"{feature} has {values[row, column]}, outside the {size} {table} of this run",
                    REMEDY,
                )

    def _unfit(self, indices: list[int], error: Exception) -> ConfigurationError:
        for index in indices:
            try:
                tf.io.parse_example([self._records[index]], self._features)
            except tf.errors.InvalidArgumentError as first:
                wanted = ", ".join(f"{name} {feature.shape[0]}" for name, feature in self._features.items())
                reason = str(first.message).splitlines()[0]
                return ConfigurationError(self.where(index), f"{reason} (this run wants {wanted})", REMEDY)
        return ConfigurationError(self.where(indices[0]), str(error).splitlines()[0], REMEDY)


class Shuffled:
    """Endless training batches: all examples in one order, then all in another, and so on."""

    def __init__(self, examples: Examples, *, batch_size: int, seed: int) -> None:
        self.examples = examples
        self._batch_size = batch_size
        self._seed = seed
        # A batch may span two epochs.
        self._order: Callable[[int], npt.NDArray[np.int64]] = lru_cache(maxsize=2)(self._order_of_epoch)

    def indices(self, step: int) -> list[int]:
        """The numbers of the examples of one step (from 0)."""
        count = len(self.examples)
        positions = range(step * self._batch_size, (step + 1) * self._batch_size)
        return [int(self._order(p // count)[p % count]) for p in positions]

    def batch(self, step: int) -> Batch:
        return self.examples.read(self.indices(step))

    def batches(self, first: int, last: int) -> Iterator[Batch]:
        """The batches of the steps from ``first`` to before ``last``; the next is read while one is used."""
        with ThreadPoolExecutor(1, "input") as pool:
            upcoming = pool.submit(self.batch, first)
            for step in range(first, last):
                ready = upcoming.result()
                if step + 1 < last:
                    upcoming = pool.submit(self.batch, step + 1)
                yield ready

    def _order_of_epoch(self, epoch: int) -> npt.NDArray[np.int64]:
        # Ranks of random numbers instead of Generator.permutation: numpy promises that a bit
        # generator's stream stays the same in later versions, not what is made of it.
        key = np.array([self._seed, epoch], np.uint64)
        return np.argsort(np.random.Philox(key=key).random_raw(len(self.examples)), kind="stable")


def stage_examples(artifact: Artifact, outputs: Iterable[Output], scratch: Path) -> list[tuple[str, Path]]:
    """Download an artifact's shards; (object's path, local file) in shard order.

    Raises ``DamagedError`` when one is not what the manifest says.
    """
    files = []
    for output in outputs:
        target = scratch / output.path
        target.parent.mkdir(parents=True, exist_ok=True)
        artifact.download(output, target)
        files.append((artifact.path(output.path), target))
    return files


def _features(length: int, predictions: int) -> dict[str, tf.io.FixedLenFeature]:
    def whole(size: int) -> tf.io.FixedLenFeature:
        return tf.io.FixedLenFeature([size], tf.int64)

    return {
        "input_ids": whole(length),
        "input_mask": whole(length),
        "segment_ids": whole(length),
        "masked_lm_positions": whole(predictions),
        "masked_lm_ids": whole(predictions),
        "masked_lm_weights": tf.io.FixedLenFeature([predictions], tf.float32),
        "next_sentence_labels": whole(1),
    }
