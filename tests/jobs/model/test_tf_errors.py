"""TensorFlow's out-of-memory error becomes one that helps; others pass."""

from __future__ import annotations

import pytest
import tensorflow as tf

from jobs.errors import ConfigurationError
from jobs.model.tf_errors import shortage_explained


def fail_with(error: Exception) -> None:
    with shortage_explained("pretrain-bio-12345678 on 8 TPU"):
        raise error


@pytest.mark.parametrize(
    "error",
    [
        tf.errors.ResourceExhaustedError(
            None, None, "{{function_node f_device_/job:l}} OOM when allocating\nmore\nlines"
        ),
        MemoryError("OOM when allocating"),
    ],
    ids=["device", "machine"],
)
def test_too_little_memory_names_the_settings_to_lower(error: Exception) -> None:
    with pytest.raises(ConfigurationError, match=r"out of memory \(OOM when allocating\)") as caught:
        fail_with(error)
    assert caught.value.thing == "pretrain-bio-12345678 on 8 TPU"
    assert "schedule.accumulation" in caught.value.remedy
    assert "schedule.train_batch_size" in caught.value.remedy
    assert "lines" not in caught.value.reason


def test_other_errors_pass() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        fail_with(tf.errors.InvalidArgumentError(None, None, "something else"))
