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
from jobs.vocabulary import Vocabulary
from tests.jobs.model.made import make_example, serialized

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
        vocabulary: Vocabulary | None = None,
        architecture: dict[str, Any] | None = None,
        **schedule: Any,
    ) -> Artifact:
        store = Store(str(bucket))
        rule = {"masked_lm_prob": 0.15, "whole_word_mask": True}
        source = Artifact(store, Spec(Kind.PREPROCESS, {"train": train, "validation": validation, **rule}, shards=2))
        source.submit()
        records = {
            folder: [serialized(e) for e in random_examples(count, seed=len(folder))]
            for folder, count in (("train", train), ("validation", validation))
        }
        for shard in range(2):
            outputs, counts = [], {}
            for folder, of_all in records.items():
                half = len(of_all) // 2
                part = of_all[half:] if shard else of_all[:half]
                file = write_records(tmp_path / "made" / folder / f"{shard}.tfrecord", part)
                outputs.append(source.upload(f"{folder}/{shard:05d}.tfrecord", file))
                counts[folder] = len(part)
            if vocabulary and shard == 0:
                outputs.append(source.write("vocab.txt", vocabulary.to_bytes()))
            source.commit(shard, outputs, counts={"examples": counts}, facts=facts if shard == 0 else None)
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
