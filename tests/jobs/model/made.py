"""Examples as create_pretraining_data writes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf


def make_example(rng: np.random.Generator, *, length: int, predictions: int, vocabulary: int) -> dict[str, Any]:
    """One example as create_pretraining_data writes it: padded, its masked words known."""
    size = int(rng.integers(length // 2, length + 1))
    ids = np.zeros(length, np.int64)
    ids[:size] = rng.integers(5, vocabulary, size)
    masked = np.sort(rng.choice(size, min(predictions, int(rng.integers(1, predictions + 1))), replace=False))

    def padded(values: Any) -> list[Any]:
        return [*values, *[0] * (predictions - len(values))]

    return {
        "input_ids": ids.tolist(),
        "input_mask": [1] * size + [0] * (length - size),
        "segment_ids": [0] * (size // 2) + [1] * (size - size // 2) + [0] * (length - size),
        "masked_lm_positions": padded(masked.tolist()),
        "masked_lm_ids": padded(ids[masked].tolist()),
        "masked_lm_weights": padded([1.0] * len(masked)),
        "next_sentence_labels": [int(rng.integers(2))],
    }


def serialized(example: dict[str, Any]) -> bytes:
    def feature(name: str, values: Any) -> tf.train.Feature:
        if name == "masked_lm_weights":
            return tf.train.Feature(float_list=tf.train.FloatList(value=values))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=values))

    features = {name: feature(name, values) for name, values in example.items()}
    data: bytes = tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()
    return data
