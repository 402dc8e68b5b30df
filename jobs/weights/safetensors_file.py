"""Tensors of a safetensors file, bfloat16 among them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open

from jobs.errors import ConfigurationError
from jobs.json_text import from_json
from jobs.weights.tensor_file import DAMAGED, TensorInfo, as_float32
from jobs.weights.variable_names import Array


class SafetensorsFile:
    """A ``TensorFile``. Raises ``ConfigurationError``, naming ``source``, when the file is damaged."""

    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        self._source = source
        try:
            # The library checks that header and size agree; numpy knows no bfloat16, so the numbers are read here.
            with safe_open(path, framework="numpy"):
                pass
            with path.open("rb") as file:
                size = int.from_bytes(file.read(8), "little")
                header = from_json(file.read(size))
        except (SafetensorError, OSError, ValueError) as error:
            raise ConfigurationError(source, f"damaged: {error}", DAMAGED) from error
        header.pop("__metadata__", None)
        self._start = 8 + size
        self._offsets = {name: entry["data_offsets"] for name, entry in header.items()}
        self.tensors: Mapping[str, TensorInfo] = {
            name: TensorInfo(entry["dtype"], tuple(entry["shape"])) for name, entry in header.items()
        }

    def read(self, name: str) -> Array:
        begin, end = self._offsets[name]
        with self._path.open("rb") as file:
            file.seek(self._start + begin)
            data = file.read(end - begin)
        info = self.tensors[name]
        return as_float32(data, info.dtype, name, self._source).reshape(info.shape)
