"""Framing: tensorflow checks every checksum that it reads, and both ways to compute them agree."""

from pathlib import Path

import pytest
import tensorflow as tf

from jobs.examples.native import library
from jobs.recipe import Examples
from tests.jobs.examples.synthetic import VOCABULARY
from tests.jobs.examples.written import write_and_read


@pytest.mark.parametrize("with_instruction", [True, False])
def test_tensorflow_accepts_the_checksums(with_instruction: bool, tmp_path: Path) -> None:
    settings = Examples(max_seq_length=37, max_predictions_per_seq=5, whole_word_mask=True)
    documents = [[[7, 8, 9] * 5] * 4] * 6
    library.prepare_crc(with_instruction)
    try:
        assert write_and_read(documents, VOCABULARY, settings, tmp_path)
    finally:
        library.prepare_crc(True)
    path = tmp_path / "examples.tfrecord"
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    with pytest.raises(tf.errors.DataLossError):
        list(tf.data.TFRecordDataset(str(path)))
