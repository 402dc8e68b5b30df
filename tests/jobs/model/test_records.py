"""TFRecord framing: what TensorFlow writes is read back, what is damaged is named."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.errors import ConfigurationError
from jobs.model.records import RecordFile

Write = Callable[[Path, list[bytes]], Path]
FIRST, SECOND = b"first record", b"second"
BOUNDARY = 8 + 4 + len(FIRST) + 4


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=5))
def test_every_record_is_read_in_order(records: list[bytes]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x")
        with tf.io.TFRecordWriter(str(path)) as writer:
            for record in records:
                writer.write(record)
        file = RecordFile("x", path)
        assert [file[i] for i in range(len(file))] == records


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        (BOUNDARY + 0, "checksum of a record's length"),
        (BOUNDARY + 7, "checksum of a record's length"),
        (BOUNDARY + 8, "checksum of a record's length"),
        (BOUNDARY + 12, "checksum of a record does not fit"),
        (BOUNDARY + 12 + len(SECOND), "checksum of a record does not fit"),
    ],
)
def test_a_flipped_bit_is_named(write_records: Write, tmp_path: Path, at: int, reason: str) -> None:
    path = write_records(tmp_path / "x", [FIRST, SECOND])
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    with pytest.raises(ConfigurationError) as caught:
        RecordFile("train/00007.tfrecord", path)
    assert caught.value.thing == "train/00007.tfrecord"
    assert reason in caught.value.reason
    assert f"byte {BOUNDARY}" in caught.value.reason


def test_a_file_cut_anywhere_but_between_records_is_refused(write_records: Write, tmp_path: Path) -> None:
    path = write_records(tmp_path / "x", [FIRST, SECOND])
    whole = path.read_bytes()
    for size in range(1, len(whole)):
        path.write_bytes(whole[:size])
        if size == BOUNDARY:
            assert len(RecordFile("x", path)) == 1
            continue
        with pytest.raises(ConfigurationError, match=f"ends within.*byte {0 if size < BOUNDARY else BOUNDARY}"):
            RecordFile("x", path)
