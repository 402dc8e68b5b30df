"""Small models and example files to train them on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from jobs.artifact import Artifact
from jobs.spec import Kind, Spec
from jobs.store import Store

LENGTH, PREDICTIONS, VOCABULARY = 16, 3, 50
ARCHITECTURE = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
SCHEDULE = {
    "train_batch_size": 4,
    "learning_rate": 1e-2,
    "train_steps": 12,
    "warmup_steps": 2,
    "checkpoint_every": 4,
    "evaluate_every": 6,
    "evaluation_examples": 4,
    "log_every": 1,
    "seed": 42,
}


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


@pytest.fixture
def write_records() -> Callable[..., Path]:
    """Write serialised examples (or any bytes) as a TFRecord file."""

    def write(path: Path, records: list[bytes]) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tf.io.TFRecordWriter(str(path)) as writer:
            for record in records:
                writer.write(record)
        return path

    return write


@pytest.fixture
def random_examples() -> Callable[..., list[dict[str, Any]]]:
    def make(count: int, *, seed: int = 0, **sizes: int) -> list[dict[str, Any]]:
        rng = np.random.default_rng(seed)
        sizes = {"length": LENGTH, "predictions": PREDICTIONS, "vocabulary": VOCABULARY} | sizes
        return [make_example(rng, **sizes) for _ in range(count)]

    return make


@pytest.fixture
def serialize() -> Callable[[dict[str, Any]], bytes]:
    return serialized


@pytest.fixture
def submit_pretrain(
    write_records: Callable[..., Path], random_examples: Callable[..., list[dict[str, Any]]], tmp_path: Path
) -> Callable[..., Artifact]:
    """A bucket with a complete preprocess artifact and a pretrain step submitted for it."""

    def submit(
        bucket: Path,
        *,
        train: int = 21,
        validation: int = 9,
        inputs: dict[str, str] | None = None,
        sizes: dict[str, int | None] | None = None,
        facts: dict[str, int] | None = None,
        architecture: dict[str, Any] | None = None,
        **schedule: Any,
    ) -> Artifact:
        store = Store(str(bucket))
        source = Artifact(store, Spec(Kind.PREPROCESS, {"train": train, "validation": validation}))
        source.submit()
        outputs = []
        for folder, count in (("train", train), ("validation", validation)):
            records = [serialized(e) for e in random_examples(count, seed=len(folder))]
            for shard, part in enumerate((records[: count // 2], records[count // 2 :])):
                file = write_records(tmp_path / "made" / folder / f"{shard}.tfrecord", part)
                outputs.append(source.upload(f"{folder}/{shard:05d}.tfrecord", file))
        source.commit(0, outputs, facts=facts)
        source.finish()
        settings = {
            "architecture": ARCHITECTURE | (architecture or {}),
            "schedule": SCHEDULE | schedule,
            "max_seq_length": LENGTH,
            "max_predictions_per_seq": PREDICTIONS,
            "vocabulary_size": VOCABULARY,
        } | (sizes or {})
        step = Artifact(
            store, Spec(Kind.PRETRAIN, settings, {"examples": source.name} if inputs is None else inputs, recipe="tiny")
        )
        step.submit()
        return step

    return submit
