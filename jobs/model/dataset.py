"""Pretraining examples by number, from shards that arrive in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from jobs.artifact import Artifact, Output
from jobs.errors import ConfigurationError
from jobs.model.background import result_of
from jobs.model.bert import BertConfig
from jobs.model.records import RecordFile
from jobs.model.tf_errors import first_line

REMEDY = "make the examples again with this recipe: covid-ctl submit preprocess"
STAGED_AT_ONCE = 4
"""Shards: one download does not fill a cloud node's network."""

Arrays = dict[str, npt.NDArray[Any]]
"""int32 [B, n] per feature of B examples, ``masked_lm_weights`` float32."""


class Dataset(Protocol):
    """Examples by number. Their number is known at once, they themselves may still be on their way."""

    def __len__(self) -> int: ...

    @property
    def shard_sizes(self) -> npt.NDArray[np.int64]:
        """The number of examples in each part that is fetched as a whole, in order."""

    def stage(self, shards: Iterable[int] | None = None) -> None:
        """Begin to fetch parts in the background, in the given order; None fetches all of them."""

    def read(self, indices: Sequence[int] | npt.NDArray[np.int64]) -> Arrays:
        """Examples by number; waits for their parts."""

    def where(self, index: int) -> str:
        """What people know an example by, for messages."""


@dataclass(frozen=True)
class Shard:
    """A TFRecord file that may not be here yet."""

    name: str
    """Its name in error messages."""
    count: int
    """The number of its examples, according to its artifact."""
    fetch: Callable[[], Path]
    """Brings the file here; returns its path."""


class ExampleDataset:
    """The examples of some TFRecord files, in the format of google-research/bert's create_pretraining_data.

    Their number is known at once. A file is fetched when ``stage`` or ``read`` first needs it, and its framing and
    checksums are checked then; ids are checked in every batch. An example that does not fit ``config`` raises
    ``ConfigurationError`` with file and record, from the ``read`` that needed it. A ``read`` that waits calls
    ``check_stop`` repeatedly, in whatever thread; it may raise to end the wait.
    """

    def __init__(
        self,
        shards: Sequence[Shard],
        config: BertConfig,
        *,
        max_seq_length: int,
        max_predictions_per_seq: int,
        check_stop: Callable[[], None] = lambda: None,
    ) -> None:
        self.shards = tuple(shards)
        self._ends = np.cumsum([shard.count for shard in shards], dtype=np.int64)
        self._features = _features(max_seq_length, max_predictions_per_seq)
        self._limits = _limits(config, max_seq_length)
        self._check_stop = check_stop
        self._files: dict[int, Future[RecordFile]] = {}
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(STAGED_AT_ONCE, "staging")

    def __len__(self) -> int:
        return int(self._ends[-1]) if len(self._ends) else 0

    @property
    def shard_sizes(self) -> npt.NDArray[np.int64]:
        return np.array([shard.count for shard in self.shards], np.int64)

    def where(self, index: int) -> str:
        """File and record of an example, for messages."""
        shard, record = self._locate(np.array([index]))
        return f"{self.shards[shard[0]].name}, record {record[0]}"

    def stage(self, shards: Iterable[int] | None = None) -> None:
        """Begin to fetch shards in the background, in the given order; None fetches all of them."""
        for shard in range(len(self.shards)) if shards is None else shards:
            self._staged(shard)

    def close(self) -> None:
        """Give up what is not fetched yet, without waiting for downloads under way."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def read(self, indices: Sequence[int] | npt.NDArray[np.int64]) -> Arrays:
        """Examples by number; waits for their shards."""
        shards, numbers = self._locate(np.asarray(indices, np.int64))
        files = {int(shard): result_of(self._staged(int(shard)), self._check_stop) for shard in np.unique(shards)}
        records = [files[shard][number] for shard, number in zip(shards.tolist(), numbers.tolist(), strict=True)]
        try:
            return self._parse(records)
        except _Unfit as problem:
            raise ConfigurationError(self.where(int(indices[problem.row])), problem.reason, REMEDY) from problem

    def _locate(self, indices: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Shard and record of each example."""
        if indices.size and not 0 <= indices.min() <= indices.max() < len(self):
            raise IndexError(indices)
        shards = np.searchsorted(self._ends, indices, side="right")
        return shards, indices - np.concatenate([[0], self._ends])[shards]

    def _staged(self, shard: int) -> Future[RecordFile]:
        with self._lock:
            if shard not in self._files:
                self._files[shard] = self._pool.submit(self._load, self.shards[shard])
            return self._files[shard]

    def _load(self, shard: Shard) -> RecordFile:
        file = RecordFile(shard.name, shard.fetch())
        if len(file) != shard.count:
            raise ConfigurationError(
                shard.name, f"it has {len(file):,} records, its artifact says {shard.count:,}", REMEDY
            )
        if len(file):
            # A shard of another recipe is refused when it arrives, not when a batch happens to want it.
            try:
                self._parse([file[0]])
            except _Unfit as problem:
                raise ConfigurationError(f"{shard.name}, record 0", problem.reason, REMEDY) from problem
        return file

    def _parse(self, records: list[bytes]) -> Arrays:
        # Batch, then parse: one call for all of them, several times faster than one call each.
        with tf.device("CPU:0"):
            try:
                parsed = tf.io.parse_example(records, self._features)
            except _NO_EXAMPLE as error:
                raise self._unfit(records) from error
        arrays = {name: tensor.numpy() for name, tensor in parsed.items()}
        for name, (table, limit) in self._limits.items():
            values = arrays[name]
            if values.min() < 0 or values.max() >= limit:
                row, column = np.argwhere((values < 0) | (values >= limit))[0]
                raise _Unfit(row, f"{name} has {values[row, column]}, outside the {limit} {table} of this run")
        return {
            name: values.astype(np.int32) if values.dtype == np.int64 else values for name, values in arrays.items()
        }

    def _unfit(self, records: list[bytes]) -> _Unfit:
        """Finds the record of a batch that cannot be parsed, and says what this run expects."""
        wanted = ", ".join(f"{name} {feature.shape[0]}" for name, feature in self._features.items())
        for row, record in enumerate(records):
            try:
                tf.io.parse_example([record], self._features)
            except tf.errors.InvalidArgumentError as error:
                return _Unfit(row, f"{first_line(error)} (this run needs {wanted})")
            except UnicodeDecodeError:
                return _Unfit(row, f"not a tf.train.Example (this run needs {wanted})")
        raise AssertionError("together they cannot be parsed, one by one they can")


# TensorFlow decodes its message, which quotes the record, as UTF-8.
_NO_EXAMPLE = (tf.errors.InvalidArgumentError, UnicodeDecodeError)


class _Unfit(Exception):
    """A record that is not an example of this run: its row in the batch, and the reason."""

    def __init__(self, row: int, reason: str) -> None:
        super().__init__(reason)
        self.row = row
        self.reason = reason


def staged_shards(artifact: Artifact, folder: str, scratch: Path) -> Iterator[Shard]:
    """An artifact's shards below one folder, with their counts; fetching one brings it to ``scratch``.

    Fetching raises ``DamagedError`` when a shard is not what its artifact says.
    """
    for number in artifact.shards_done():
        record = artifact.record(number)
        for output in record.outputs if record else ():
            if Path(output.path).parent.name == folder:
                count = record.counts["examples"][folder] if record else 0
                yield Shard(artifact.path(output.path), count, partial(_fetch, artifact, output, scratch))


def _fetch(artifact: Artifact, output: Output, scratch: Path) -> Path:
    target = scratch / output.path
    target.parent.mkdir(parents=True, exist_ok=True)
    artifact.download(output, target)
    return target


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


def _limits(config: BertConfig, length: int) -> dict[str, tuple[str, int]]:
    """Upper bounds per feature: an id beyond its table ends a run inside TensorFlow, or passes unnoticed."""
    return {
        "input_ids": ("vocabulary", config.vocab_size),
        "input_mask": ("values", 2),
        "segment_ids": ("segment types", config.type_vocab_size),
        "masked_lm_positions": ("positions", length),
        "masked_lm_ids": ("vocabulary", config.vocab_size),
        "next_sentence_labels": ("labels", 2),
    }
