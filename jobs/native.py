"""The compiled parts, called through ctypes: numpy arrays in, numpy arrays out, no Python objects between.

They are compiled when the package is installed. ctypes lets go of the interpreter's lock while they run.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Sequence
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


END_OF_TEXT = b"\xff"
"""Stands for the end of one text and the beginning of the next: no byte of UTF-8."""


def joined(texts: Sequence[str], behind: bytes = b"") -> bytes:
    """The texts in UTF-8, each closed by ``END_OF_TEXT``, and what is to stand ``behind`` them.

    One by one, as most are ASCII and then have their bytes already.
    """
    return END_OF_TEXT.join([*encoded(texts), behind])


def encoded(texts: Sequence[str]) -> list[bytes]:
    """Each text in UTF-8; surrogates are let through."""
    try:
        return list(map(str.encode, texts))
    except UnicodeEncodeError:
        return [text.encode("utf-8", "surrogatepass") for text in texts]


def address(array: NDArray[Any]) -> int:
    """Where a contiguous array's first element is; the caller keeps the array alive."""
    try:
        # A quarter of the time that numpy's own way takes.
        return ctypes.addressof(_BYTE.from_buffer(array))  # type: ignore[arg-type]
    except (TypeError, ValueError):  # the array cannot be written to, or is empty, or not contiguous
        if not array.flags.c_contiguous:
            raise ValueError("the array is not contiguous") from None
        return int(array.ctypes.data)


_BYTE = ctypes.c_char
