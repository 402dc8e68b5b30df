"""A file of named tensors, whatever its format, and its numbers as float32."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from jobs.errors import ConfigurationError
from jobs.json_text import from_json
from jobs.weights.variable_names import Array, Shape

DAMAGED = "get it again and compare its size and checksum"

ITEM_SIZES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1, "BOOL": 1}
"""Bytes per number of each type, by safetensors' names of types."""
_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}


@dataclass(frozen=True)
class TensorInfo:
    """What is known of a tensor before its numbers are read."""

    dtype: str
    """By safetensors' name: F32, BF16, I64 and so on."""
    shape: Shape


class TensorFile(Protocol):
    tensors: Mapping[str, TensorInfo]

    def read(self, name: str) -> Array:
        """A floating-point tensor as float32. Raises ``ConfigurationError`` for other types and for damage."""


def as_float32(data: bytes, dtype: str, name: str, source: str) -> NDArray[np.float32]:
    """Numbers of a floating-point type, flat. Raises ``ConfigurationError`` for other types."""
    if dtype == "BF16":
        # A bfloat16 is the upper half of a float32.
        halves = np.frombuffer(data, "<u2").astype(np.uint32)
        return np.left_shift(halves, 16).view(np.float32)
    if dtype not in _FLOATS:
        reason = f"{name} is {dtype}, not one of {', '.join((*_FLOATS, 'BF16'))}"
        raise ConfigurationError(source, reason, "save it as float32")
    return np.frombuffer(data, _FLOATS[dtype]).astype(np.float32)


class JoinedTensors:
    """The tensors of several files as one file. Raises ``ConfigurationError`` when two files hold the same tensor."""

    def __init__(self, files: Sequence[TensorFile], source: str) -> None:
        self._file_of: dict[str, TensorFile] = {}
        for file in files:
            for name in file.tensors:
                if name in self._file_of:
                    raise ConfigurationError(source, f"two of its files hold {name}", "give the files of one model")
                self._file_of[name] = file
        self.tensors: Mapping[str, TensorInfo] = {name: file.tensors[name] for name, file in self._file_of.items()}

    def read(self, name: str) -> Array:
        return self._file_of[name].read(name)


def check_shard_index(data: bytes, files: Mapping[str, TensorFile], source: str) -> None:
    """Compares ``model.safetensors.index.json`` with the tensors of the files that it lists, by their names.

    Raises ``ConfigurationError``, naming ``source``, when a file lacks a tensor or belongs to another model.
    """
    try:
        weight_map = dict(from_json(data)["weight_map"])
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(source, f"not an index of weights ({error!r})", "get it again") from error
    found = {name: file for file, opened in files.items() for name in opened.tensors}
    for name in sorted(weight_map.keys() | found.keys()):
        if weight_map.get(name) != found.get(name):
            reason = f"it places {name} in {weight_map.get(name)}; it is in {found.get(name)}"
            raise ConfigurationError(source, reason, "give the files of one model")
