"""Examples as tensorflow reads them back from the file that was written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from jobs.examples.creation import write_examples
from jobs.examples.encoded import DocumentEncoder
from jobs.recipe import Examples
from jobs.vocabulary import Vocabulary

Documents = list[list[list[int]]]
"""Sentences as ids."""


@dataclass(frozen=True)
class Written:
    """One example, padding taken off."""

    input_ids: list[int]
    segment_ids: list[int]
    positions: list[int]
    masked_ids: list[int]
    is_random_next: bool

    @property
    def original(self) -> list[int]:
        """The ids before masking."""
        ids = list(self.input_ids)
        for position, piece in zip(self.positions, self.masked_ids, strict=True):
            ids[position] = piece
        return ids


def write_and_read(
    documents: Documents,
    vocabulary: Vocabulary,
    settings: Examples,
    directory: Path,
    *,
    dupe_factor: int = 1,
    random_seed: int = 1,
) -> list[Written]:
    encoder = DocumentEncoder(directory / "ids", len(vocabulary))
    for document in documents:
        ids = np.array([piece for sentence in document for piece in sentence], dtype=np.int32)
        encoder.add(ids, np.cumsum([len(sentence) for sentence in document], dtype=np.int64))
    path = directory / "examples.tfrecord"
    lengths = write_examples(
        encoder.finish(),
        vocabulary,
        settings,
        path,
        dupe_factor=dupe_factor,
        random_seed=random_seed,
        before_document=lambda: None,
    )
    found = [read(record, settings) for record in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()]
    assert np.bincount([len(e.input_ids) for e in found], minlength=len(lengths)).tolist() == lengths.tolist()
    return found


def read(record: bytes, settings: Examples) -> Written:
    """Checks shapes, types and padding on the way."""
    example = tf.train.Example.FromString(record)
    assert example.SerializeToString(deterministic=True) == record
    features: dict[str, Any] = dict(example.features.feature)
    numbers = {name: list(feature.int64_list.value) for name, feature in features.items()}
    weights = list(features["masked_lm_weights"].float_list.value)
    length, masked = sum(numbers["input_mask"]), round(sum(weights))
    for name in ("input_ids", "input_mask", "segment_ids"):
        assert len(numbers[name]) == settings.max_seq_length
        assert not any(numbers[name][length:])
    for name in ("masked_lm_positions", "masked_lm_ids"):
        assert len(numbers[name]) == settings.max_predictions_per_seq
        assert not any(numbers[name][masked:])
    assert numbers["input_mask"] == [1] * length + [0] * (settings.max_seq_length - length)
    assert weights == [1.0] * masked + [0.0] * (settings.max_predictions_per_seq - masked)
    return Written(
        numbers["input_ids"][:length],
        numbers["segment_ids"][:length],
        numbers["masked_lm_positions"][:masked],
        numbers["masked_lm_ids"][:masked],
        bool(numbers["next_sentence_labels"][0]),
    )
