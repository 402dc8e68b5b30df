"""Out of memory, the device's or this machine's, in words that help."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from jobs.errors import ConfigurationError


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


_KERNEL = re.compile(r"^\{\{[^{}]*\}\} *| *\[Op:\w+\]$")
"""Its own names for what it ran: ``{{function_node __wrapped__Add_device_...}}``."""


def first_line(error: Exception) -> str:
    """What the error says first; the exception's type where it says nothing."""
    said = str(getattr(error, "message", None) or error).strip().splitlines()
    return _KERNEL.sub("", said[0]) if said else type(error).__name__
