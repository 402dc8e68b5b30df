"""TensorFlow's errors in words that help: out of memory, and the first line of any other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

from jobs.errors import ConfigurationError

MORE_MEMORY = "take a machine or, in the profile, a pool with more memory"


@contextmanager
def shortage_explained(thing: str, remedy: str = MORE_MEMORY) -> Iterator[None]:
    """Turns out-of-memory errors into a ``ConfigurationError``: a retry would need the same memory again."""
    try:
        yield
    except (tf.errors.ResourceExhaustedError, MemoryError) as error:
        raise ConfigurationError(
            thing,
            f"out of memory ({first_line(error)[:200]})",
            remedy,
        ) from error


_KERNEL = re.compile(r"^\{\{[^{}]*\}\} *| ?\[Op:\w+\]$")
"""TensorFlow's internal names, as in ``{{function_node __wrapped__Add_device_...}}``."""


def first_line(error: Exception) -> str:
    """The first line of the error's message; the exception's type when there is no message."""
    said = str(getattr(error, "message", None) or error).strip().splitlines()
    return _KERNEL.sub("", said[0]) if said else type(error).__name__
