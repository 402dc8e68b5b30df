"""Examples come back as written, from whoever wrote them; those that do not fit the run are refused by name."""

from __future__ import annotations

import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.artifact import Artifact, Output
from jobs.checksums import crc32c
from jobs.errors import ConfigurationError, DamagedError
from jobs.model.bert import BertConfig
from jobs.model.dataset import ExampleDataset, Shard, staged_shards
from jobs.spec import Kind, Spec
from jobs.store import Store
from tests.jobs.model.made import make_example, serialized

Open = Callable[..., ExampleDataset]
CONFIG = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=1, intermediate_size=16)
SIZES: dict[str, Any] = {"max_seq_length": 16, "max_predictions_per_seq": 3}


@pytest.fixture
def opened(
    write_records: Callable[..., Path],
    tmp_path: Path,
) -> Iterator[Open]:
    def open_examples(*shards: list[dict[str, Any]]) -> ExampleDataset:
        files = [
            Shard(
                f"train/{i}",
                len(shard),
                partial(write_records, tmp_path / str(i), [serialized(e) for e in shard]),
            )
            for i, shard in enumerate(shards)
        ]
        opened = ExampleDataset(files, CONFIG, **SIZES)
        to_close.append(opened)
        return opened

    to_close: list[ExampleDataset] = []
    yield open_examples
    for examples in to_close:
        examples.close()


def message(number: int, content: bytes) -> bytes:
    """A protocol buffer's field of bytes."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(value: int) -> bytes:
    return bytes([value & 0x7F | 0x80]) + varint(value >> 7) if value > 0x7F else bytes([value])


def map_entry(name: str, values: list[Any], packed: bool) -> bytes:
    """An entry of tf.train.Features, its list packed or not."""
    is_float = name == "masked_lm_weights"
    encoded = [struct.pack("<f", v) if is_float else varint(v) for v in values]
    key = varint(1 << 3 | (5 if is_float else 0))
    content = message(1, b"".join(encoded)) if packed else b"".join(key + value for value in encoded)
    return message(1, name.encode()) + message(2, message(2 if is_float else 3, content))


def test_features_come_back_as_written(opened: Open, random_examples: Callable[..., list[dict[str, Any]]]) -> None:
    examples = random_examples(5)
    batch = opened(examples[:2], [], examples[2:]).read([3, 0])
    assert set(batch) == set(examples[0])
    for name, values in batch.items():
        assert values.dtype.name == ("float32" if name == "masked_lm_weights" else "int32")
        assert values.tolist() == [examples[3][name], examples[0][name]]


@settings(max_examples=30, deadline=None)
@given(
    integers=st.lists(st.integers(0, 49), min_size=16, max_size=16),
    floats=st.lists(st.floats(width=32, allow_nan=False), min_size=3, max_size=3),
    order=st.permutations(range(8)),
    packed=st.booleans(),
)
def test_any_writer_s_encoding_is_read(
    integers: list[int], floats: list[float], order: list[int], packed: bool
) -> None:
    values = make_example(np.random.default_rng(0), length=16, predictions=3, vocabulary=50)
    values |= {"input_ids": integers, "masked_lm_weights": floats}
    entries = [map_entry(name, v, packed) for name, v in values.items()]
    entries.append(map_entry("unknown", [3], packed))
    data = message(1, b"".join(message(1, entries[i]) for i in order))
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "x")
        with tf.io.TFRecordWriter(str(file)) as writer:
            writer.write(data)
            writer.write(serialized(values))
        with closing(ExampleDataset([Shard("x", 2, lambda: file)], CONFIG, **SIZES)) as found:
            batch = found.read([0, 1])
    for name, expected in values.items():
        np.testing.assert_array_equal(batch[name], np.array([expected, expected], batch[name].dtype))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_no_bytes_harm_the_parser(data: st.DataObject) -> None:
    good = serialized(make_example(np.random.default_rng(0), length=16, predictions=3, vocabulary=50))
    broken = bytearray(good)
    for _ in range(data.draw(st.integers(1, 3))):
        broken[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    del broken[data.draw(st.integers(0, len(good))) :]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "x")
        with tf.io.TFRecordWriter(str(file)) as writer:
            writer.write(bytes(broken))
        with closing(ExampleDataset([Shard("x", 1, lambda: file)], CONFIG, **SIZES)) as found:
            try:
                batch = found.read([0])
            except ConfigurationError as error:
                named = error.thing
            else:
                named = "x, record 0"
                assert 0 <= batch["input_ids"].min() <= batch["input_ids"].max() < 50
    assert named == "x, record 0"


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
def test_a_shard_of_another_size_is_refused_when_it_arrives(
    opened: Open, random_examples: Callable[..., list[dict[str, Any]]], sizes: dict[str, int]
) -> None:
    with pytest.raises(ConfigurationError, match=r"this run needs input_ids 16, .* masked_lm_positions 3") as caught:
        opened(random_examples(2), random_examples(2, **sizes)).read([0, 3])
    assert caught.value.thing == "train/1, record 0"
    assert "function_node" not in caught.value.reason


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (b"not a protocol buffer", "parse"),
        (b"", "is required but could not be found"),
        (message(1, message(1, map_entry("input_mask", [1], True))), "input_mask"),
    ],
)
def test_what_is_no_example_is_refused(
    write_records: Callable[..., Path], tmp_path: Path, record: bytes, said: str
) -> None:
    shard = Shard("x", 1, lambda: write_records(tmp_path / "x", [record]))
    with (
        closing(ExampleDataset([shard], CONFIG, **SIZES)) as examples,
        pytest.raises(ConfigurationError, match=said) as caught,
    ):
        examples.read([0])
    assert caught.value.thing == "x, record 0"


def test_a_shard_of_the_wrong_length_is_refused(write_records: Callable[..., Path], tmp_path: Path) -> None:
    record = serialized(make_example(np.random.default_rng(0), length=16, predictions=3, vocabulary=50))
    shard = Shard("x", 3, lambda: write_records(tmp_path / "x", [record] * 2))
    with (
        closing(ExampleDataset([shard], CONFIG, **SIZES)) as examples,
        pytest.raises(ConfigurationError, match="has 2 records, its artifact says 3"),
    ):
        examples.read([0])


def test_only_what_is_wanted_is_waited_for(opened: Open, random_examples: Callable[..., list[dict[str, Any]]]) -> None:
    there = opened(random_examples(4)).shards[0]
    arrived = threading.Event()

    def late() -> Path:
        arrived.wait()
        return there.fetch()

    with closing(ExampleDataset([there, Shard("late", 4, late)], CONFIG, **SIZES)) as examples:
        examples.stage([1, 0])
        assert len(examples) == 8
        first = examples.read([0, 1])
        arrived.set()
        np.testing.assert_array_equal(examples.read([4, 5])["input_ids"], first["input_ids"])


def test_staged_shards_are_compared_with_the_manifest(tmp_path: Path) -> None:
    good = Output("train/00000.tfrecord", 7, crc32c(b"content"))
    for number, output in enumerate([good, replace(good, size=8), replace(good, crc32c=crc32c(b"other"))]):
        made = Artifact(Store(str(tmp_path / "bucket")), Spec(Kind.PREPROCESS, {"number": number}))
        made.write(good.path, b"content")
        made.commit(0, [output], counts={"examples": {"train": 3, "validation": 1}})
        (shard,) = staged_shards(made, "train", tmp_path)
        assert (shard.name, shard.count) == (f"{made.name}/train/00000.tfrecord", 3)
        if output == good:
            assert shard.fetch().read_bytes() == b"content"
        else:
            with pytest.raises(DamagedError, match="its record says"):
                shard.fetch()
