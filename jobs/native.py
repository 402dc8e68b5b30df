"""The compiled parts, called through ctypes: numpy arrays in, numpy arrays out, no Python objects between.

They are compiled when the package is installed. ctypes lets go of the interpreter's lock while they run.
"""

from __future__ import annotations

import ctypes
import importlib.util
from typing import Any

from numpy.typing import NDArray

from jobs.errors import ConfigurationError


def compiled(module: str) -> ctypes.CDLL:
    """The shared library that setup.py calls ``module``. Raises ``ConfigurationError`` where there is none."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ConfigurationError(
            module, "the compiled part is missing", "install the package: pip install --editable ."
        )
    return ctypes.CDLL(found.origin)


def address(array: NDArray[Any]) -> int:
    """Where a contiguous array's first element is; the caller keeps the array alive."""
    if not array.flags.c_contiguous:
        raise ValueError("the array is not contiguous")
    return int(array.ctypes.data)
