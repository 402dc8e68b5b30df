"""The tensors of a safetensors file as arrays over the file itself: nothing is copied before it is used.

The format: https://github.com/huggingface/safetensors#format.
"""

from __future__ import annotations

import json
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import ConfigurationError
from jobs.json_text import from_json

_ALIGNMENT = 64
"""Bytes of a cache line."""
_DTYPES = {"F64": np.float64, "F32": np.float32, "F16": np.float16}


def mapped_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """All tensors, read-only. Raises ``ConfigurationError`` when the file is damaged or has numbers of another type."""
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        start = 8 + int.from_bytes(data[:8], "little")
        header = from_json(data[8:start])
        header.pop("__metadata__", None)
        return {name: _tensor(data, start, entry) for name, entry in header.items()}
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise ConfigurationError(str(path), f"no safetensors file that can be used: {error}", "export again") from error


def write_tensors(path: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    """A file that ``mapped_tensors`` reads. Arrays may be views: each is brought into order as it is written."""
    names = {np.dtype(dtype): name for name, dtype in _DTYPES.items()}
    entries, end = {}, 0
    for name, tensor in tensors.items():
        start, end = end, end + tensor.nbytes
        entries[name] = {"dtype": names[tensor.dtype], "shape": tensor.shape, "data_offsets": (start, end)}
    header = json.dumps(entries).encode()
    header += b" " * (-(8 + len(header)) % _ALIGNMENT)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor).data)


def _tensor(data: mmap.mmap, start: int, entry: dict[str, Any]) -> NDArray[Any]:
    begin, end = entry["data_offsets"]
    dtype = np.dtype(_DTYPES[entry["dtype"]])
    if not 0 <= begin <= end <= len(data) - start:
        raise ValueError("it is cut")
    return np.frombuffer(data, dtype, (end - begin) // dtype.itemsize, start + begin).reshape(entry["shape"])
