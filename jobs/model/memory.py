"""Out of memory, the device's or this machine's, in words that help."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from jobs.errors import ConfigurationError
from jobs.model.wording import first_line


@contextmanager
def shortage_explained(thing: str) -> Iterator[None]:
    """A ``ConfigurationError`` instead, since the same step would want the same memory again."""
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise ConfigurationError(
            thing,
            f"the memory does not suffice ({first_line(error)[:200]})",
            "raise schedule.accumulation, which computes a batch in so many parts, or lower schedule.train_batch_size, "
            "examples.max_seq_length or the architecture's sizes: --set FIELD=VALUE",
        ) from error
