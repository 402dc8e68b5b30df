"""The records are what tensorflow itself would read."""

from pathlib import Path

import pytest

from jobs.examples.masking import Example
from jobs.examples.tfrecord import frame, serializer

EXAMPLE = Example(
    input_ids=[2, 300, 3, 70000, 20, 3],
    first_length=3,
    masked_positions=[1, 4],
    masked_ids=[127, 128],
    is_random_next=True,
)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    serialize = serializer(vocabulary_size=70001, max_seq_length=8, max_predictions_per_seq=3)
    path = tmp_path_factory.mktemp("records") / "shard.tfrecord"
    path.write_bytes(frame(serialize(EXAMPLE)) * 2)
    return path


def test_tensorflow_reads_what_we_write(record: Path) -> None:
    import tensorflow as tf

    features = {
        "input_ids": tf.io.FixedLenFeature([8], tf.int64),
        "input_mask": tf.io.FixedLenFeature([8], tf.int64),
        "segment_ids": tf.io.FixedLenFeature([8], tf.int64),
        "masked_lm_positions": tf.io.FixedLenFeature([3], tf.int64),
        "masked_lm_ids": tf.io.FixedLenFeature([3], tf.int64),
        "masked_lm_weights": tf.io.FixedLenFeature([3], tf.float32),
        "next_sentence_labels": tf.io.FixedLenFeature([1], tf.int64),
    }
    serialized = list(tf.data.TFRecordDataset(str(record)).as_numpy_iterator())
    assert len(serialized) == 2
    parsed = {
        name: value.numpy().tolist() for name, value in tf.io.parse_single_example(serialized[0], features).items()
    }
    assert parsed == {
        "input_ids": [2, 300, 3, 70000, 20, 3, 0, 0],
        "input_mask": [1, 1, 1, 1, 1, 1, 0, 0],
        "segment_ids": [0, 0, 0, 1, 1, 1, 0, 0],
        "masked_lm_positions": [1, 4, 0],
        "masked_lm_ids": [127, 128, 0],
        "masked_lm_weights": [1.0, 1.0, 0.0],
        "next_sentence_labels": [1],
    }


def test_the_bytes_are_protobufs_own(record: Path) -> None:
    """Parsed and written again by protobuf with maps in order, nothing changes."""
    import tensorflow as tf

    (first, _) = tf.data.TFRecordDataset(str(record)).as_numpy_iterator()
    assert tf.train.Example.FromString(first).SerializeToString(deterministic=True) == first
