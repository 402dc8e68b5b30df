"""Batches follow from (seed, step); examples that do not fit the run are refused by name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.artifact import Artifact, Output, crc32c
from jobs.errors import ConfigurationError, DamagedError
from jobs.model.bert import BertConfig
from jobs.model.input import Examples, Shuffled, stage_examples
from jobs.spec import Kind, Spec
from jobs.store import Store

Open = Callable[..., Examples]
CONFIG = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16)
GOLDEN = [[7, 1, 6, 4, 3, 5, 9, 0, 2, 8], [4, 9, 5, 3, 0, 2, 7, 1, 6, 8]]


@pytest.fixture
def opened(
    write_records: Callable[..., Path],
    serialize: Callable[[dict[str, Any]], bytes],
    tmp_path: Path,
) -> Open:
    def open_examples(*shards: list[dict[str, Any]], length: int = 16, predictions: int = 3) -> Examples:
        files = [
            (f"train/{i}", write_records(tmp_path / str(i), [serialize(e) for e in shard]))
            for i, shard in enumerate(shards)
        ]
        return Examples(files, CONFIG, max_seq_length=length, max_predictions_per_seq=predictions)

    return open_examples


@pytest.fixture
def numbered(opened: Open, random_examples: Callable[..., list[dict[str, Any]]]) -> Examples:
    """23 examples in two shards; the first id of each is its number."""
    examples = random_examples(23)
    for number, example in enumerate(examples):
        example["input_ids"][0] = number
    return opened(examples[:9], examples[9:])


def test_features_come_back_as_written(opened: Open, random_examples: Callable[..., list[dict[str, Any]]]) -> None:
    examples = random_examples(5)
    batch = opened(examples).read([3, 0])
    assert set(batch) == set(examples[0])
    for name, tensor in batch.items():
        assert tensor.dtype.name == ("float32" if name == "masked_lm_weights" else "int32")
        assert tensor.numpy().tolist() == [examples[3][name], examples[0][name]]


@settings(max_examples=50, deadline=None)
@given(count=st.integers(1, 40), batch_size=st.integers(1, 50), seed=st.integers(0, 2**31 - 1))
def test_every_epoch_has_every_example_once(count: int, batch_size: int, seed: int) -> None:
    shuffled = Shuffled(range(count), batch_size=batch_size, seed=seed)  # type: ignore[arg-type]
    steps = 3 * count // batch_size + 1
    order = [index for step in range(steps) for index in shuffled.indices(step)]
    for epoch in range(3):
        assert Counter(order[epoch * count : (epoch + 1) * count]) == Counter(range(count))


def test_epochs_and_seeds_have_orders_of_their_own(numbered: Examples) -> None:
    first, other = (Shuffled(numbered, batch_size=23, seed=seed) for seed in (1, 2))
    orders = [first.indices(0), first.indices(1), other.indices(0)]
    assert len({tuple(order) for order in orders}) == 3


def test_the_order_is_the_same_in_every_version() -> None:
    shuffled = Shuffled(range(10), batch_size=10, seed=42)  # type: ignore[arg-type]
    assert [shuffled.indices(0), shuffled.indices(1)] == GOLDEN


def test_a_batch_does_not_depend_on_where_reading_began(numbered: Examples) -> None:
    through = list(Shuffled(numbered, batch_size=4, seed=7).batches(0, 14))
    resumed = list(Shuffled(numbered, batch_size=4, seed=7).batches(9, 14))
    assert len(through) == 14
    for ours, theirs in zip(through[9:], resumed, strict=True):
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])


@pytest.mark.parametrize(
    ("feature", "value", "said"),
    [
        ("input_ids", 50, "outside the 50 vocabulary"),
        ("input_ids", -1, "outside the 50 vocabulary"),
        ("masked_lm_ids", 50, "outside the 50 vocabulary"),
        ("segment_ids", 2, "outside the 2 segment types"),
        ("masked_lm_positions", 16, "outside the 16 positions"),
        ("next_sentence_labels", 2, "outside the 2 labels"),
    ],
)
def test_ids_beyond_their_table_are_refused(
    opened: Open, random_examples: Callable[..., list[dict[str, Any]]], feature: str, value: int, said: str
) -> None:
    examples = random_examples(6)
    examples[5][feature][0] = value
    found = opened(examples[:4], examples[4:])
    found.read([0, 1, 4])
    with pytest.raises(ConfigurationError) as caught:
        found.read([0, 5, 1])
    assert caught.value.thing == "train/1, record 1"
    assert f"{feature} has {value}" in caught.value.reason
    assert said in caught.value.reason


@pytest.mark.parametrize("sizes", [{"length": 32}, {"predictions": 5}])
def test_examples_of_another_size_are_refused_at_once(
    opened: Open, random_examples: Callable[..., list[dict[str, Any]]], sizes: dict[str, int]
) -> None:
    with pytest.raises(ConfigurationError, match="this run wants input_ids") as caught:
        opened(random_examples(2), random_examples(2, **sizes))
    assert caught.value.thing == "train/1, record 0"


def test_what_is_no_example_is_refused(write_records: Callable[..., Path], tmp_path: Path) -> None:
    path = write_records(tmp_path / "x", [b"not a protocol buffer"])
    with pytest.raises(ConfigurationError, match="record 0"):
        Examples([("x", path)], CONFIG, max_seq_length=16, max_predictions_per_seq=3)


def test_staged_shards_are_compared_with_the_manifest(tmp_path: Path) -> None:
    made = Artifact(Store(str(tmp_path / "bucket")), Spec(Kind.PREPROCESS, {}))
    made.write("train/00000.tfrecord", b"content")
    good = Output("train/00000.tfrecord", 7, crc32c(b"content"))
    ((name, path),) = stage_examples(made, [good], tmp_path)
    assert (name, path.read_bytes()) == (f"{made.name}/train/00000.tfrecord", b"content")
    for bad in (Output(good.path, 8, good.crc32c), Output(good.path, 7, crc32c(b"other"))):
        with pytest.raises(DamagedError, match="its record says"):
            stage_examples(made, [bad], tmp_path)
