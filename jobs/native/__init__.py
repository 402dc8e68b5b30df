"""The compiled parts, called through ctypes: numpy arrays in, numpy arrays out, no Python objects between.

They are compiled when the package is installed. ctypes lets go of the interpreter's lock while they run. Only texts.c,
which makes bytes of texts for the others, takes Python's objects and keeps the lock.
"""

from __future__ import annotations

import ctypes
import importlib.util
from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray

from jobs.errors import ConfigurationError


def compiled(module: str, kind: type[ctypes.CDLL] = ctypes.CDLL) -> ctypes.CDLL:
    """The shared library that setup.py calls ``module``. Raises ``ConfigurationError`` where there is none."""
    found = importlib.util.find_spec(module)
    if found is None or found.origin is None:
        raise ConfigurationError(
            module, "the compiled part is missing", "install the package: pip install --editable ."
        )
    return kind(found.origin)


END_OF_TEXT = b"\xff"
"""Stands for the end of one text and the beginning of the next: no byte of UTF-8."""


def joined(texts: Sequence[str], behind: int = 0) -> bytes:
    """The texts in UTF-8, each closed by ``END_OF_TEXT``, and ``behind`` zeros; surrogates are let through."""
    texts = texts if isinstance(texts, list) else list(texts)
    try:
        whole: bytes = _joined_in_utf8(texts, behind)
        return whole
    except UnicodeEncodeError:
        return END_OF_TEXT.join([*encoded(texts), bytes(behind)])


_joined_in_utf8 = compiled("jobs._native", ctypes.PyDLL).joined_in_utf8
_joined_in_utf8.restype, _joined_in_utf8.argtypes = ctypes.py_object, [ctypes.py_object, ctypes.c_ssize_t]


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
