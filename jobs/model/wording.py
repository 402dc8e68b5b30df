"""TensorFlow's errors in words for a log."""

from __future__ import annotations

import re

_KERNEL = re.compile(r"^\{\{[^{}]*\}\} *| *\[Op:\w+\]$")
"""Its own names for what it ran: ``{{function_node __wrapped__Add_device_...}}``."""


def first_line(error: Exception) -> str:
    """What the error says first; the exception's type where it says nothing."""
    said = str(getattr(error, "message", None) or error).strip().splitlines()
    return _KERNEL.sub("", said[0]) if said else type(error).__name__
