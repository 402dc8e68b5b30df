"""TensorFlow's out-of-memory error, in words that help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from jobs.errors import ConfigurationError


@contextmanager
def shortage_explained(thing: str) -> Iterator[None]:
    """A ``ConfigurationError`` instead, since the same step would want the same memory again."""
    try:
        yield
    except tf.errors.ResourceExhaustedError as error:
        first = (str(error.message).strip().splitlines() or ["no details"])[0]
        raise ConfigurationError(
            thing,
            f"the device's memory does not suffice ({first[:200]})",
            "raise schedule.accumulation, which computes a batch in so many parts, or lower schedule.train_batch_size, "
            "examples.max_seq_length or the architecture's sizes: --set FIELD=VALUE",
        ) from error
