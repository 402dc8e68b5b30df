"""Tensors of a ``pytorch_model.bin``: the zip archives of torch 1.6 and later, and the format before."""

from __future__ import annotations

import io
import math
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from jobs.errors import ConfigurationError
from jobs.files.zips import ZIP_ERRORS, ZIP_MAGICS, open_zip
from jobs.weights.tensor_file import DAMAGED, ITEM_SIZES, TensorInfo, as_float32
from jobs.weights.torch_pickle import Storage, StoredTensor, UnsafePickleError, read_pickle
from jobs.weights.variable_names import Array

_PIECE = 4 << 20
_MAGIC = 0x1950A86A20F9469CFC6C
_LARGEST_PICKLE = 64 << 20
"""Bytes. It names the tensors; BERT-large's has 60 KB."""


class TorchFile:
    """A ``TensorFile`` of a state dictionary that ``torch.save`` wrote; neither torch nor the pickle's code runs.

    Raises ``ConfigurationError``, naming ``source``, when the file is damaged or holds anything but named tensors.
    """

    def __init__(self, path: Path, source: str) -> None:
        self._source = source
        with path.open("rb") as file:
            magic = file.read(4)
        if not magic:
            raise ConfigurationError(source, "damaged: it is empty", DAMAGED)
        self._storages: _Storages = _Zip(path, source) if magic.startswith(ZIP_MAGICS) else _Legacy(path, source)
        self._stored = self._tensors(self._storages.described)
        self.tensors: Mapping[str, TensorInfo] = {
            name: TensorInfo(tensor.storage.dtype, tensor.shape) for name, tensor in self._stored.items()
        }

    def read(self, name: str) -> Array:
        tensor = self._stored[name]
        data = self._storages.read(tensor.storage)
        numbers = as_float32(data, tensor.storage.dtype, name, self._source)[tensor.offset :]
        strides = [step * numbers.itemsize for step in tensor.strides]
        return np.lib.stride_tricks.as_strided(numbers, tensor.shape, strides, writeable=False)

    def _tensors(self, described: Any) -> dict[str, StoredTensor]:
        if not isinstance(described, dict) or not described:
            raise ConfigurationError(
                self._source, f"it holds a {type(described).__name__}, not named tensors", "save a model's state_dict()"
            )
        for name, tensor in described.items():
            if not isinstance(name, str) or not isinstance(tensor, StoredTensor):
                reason = f"its entry {str(name)[:80]!r} is a {type(tensor).__name__}, not a tensor"
                raise ConfigurationError(self._source, reason, "save a model's state_dict() alone")
            last = tensor.offset + sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True))
            count = math.prod(tensor.shape)
            # A stride of 0 would make any number of values out of one.
            if count > tensor.storage.count or (count and last >= tensor.storage.count):
                reason = f"damaged: {name} reaches beyond its {tensor.storage.count:,} numbers"
                raise ConfigurationError(self._source, reason, DAMAGED)
        return described


class _Storages(Protocol):
    described: Any
    """What the pickle describes."""

    def read(self, storage: Storage) -> bytes: ...


class _Zip:
    """``archive/data.pkl`` beside the storages ``archive/data/0`` and so on."""

    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        self._source = source
        with open_zip(path.open("rb"), source) as archive:
            self._members = {info.filename: info for info in archive.infolist()}
        pickles = [name for name in self._members if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            reason = "a zip archive, but not one that torch.save wrote: it has no data.pkl"
            raise ConfigurationError(source, reason, "give the file that holds the weights")
        self._root = pickles[0].removesuffix("data.pkl")
        if self._content("byteorder", b"little").strip() != b"little":
            raise ConfigurationError(source, "its numbers are big-endian", "save it on a little-endian machine")
        if self._members[pickles[0]].file_size > _LARGEST_PICKLE:
            raise ConfigurationError(source, "damaged: its pickle is too large to describe tensors", DAMAGED)
        self.described = read_pickle(io.BytesIO(self._content("data.pkl")), source)

    def read(self, storage: Storage) -> bytes:
        size = storage.count * ITEM_SIZES[storage.dtype]
        found = self._members.get(f"{self._root}data/{storage.key}")
        # Compared before it is read: a member may be compressed.
        if found is None or found.file_size != size:
            held = "is missing" if found is None else f"has {found.file_size:,} bytes, not {size:,}"
            raise ConfigurationError(self._source, f"damaged: its storage {storage.key!r} {held}", DAMAGED)
        return self._content(f"data/{storage.key}")

    def _content(self, name: str, default: bytes = b"") -> bytes:
        info = self._members.get(self._root + name)
        if info is None:
            return default
        try:
            with open_zip(self._path.open("rb"), self._source) as archive, archive.open(info) as file:
                return b"".join(iter(lambda: file.read(_PIECE), b""))
        except (*ZIP_ERRORS, OSError) as error:
            raise ConfigurationError(self._source, f"damaged: {error}", DAMAGED) from error


class _Legacy:
    """Pickles one after the other, then each storage's count of numbers and the numbers."""

    def __init__(self, path: Path, source: str) -> None:
        self._source = source
        # Mapped, so that a length in a pickle cannot ask for more memory than the file has bytes.
        with path.open("rb") as opened:
            file = self._file = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
        if self._magic(file) != _MAGIC:
            reason = "not a file of torch.save (neither a zip archive nor the format before it)"
            raise ConfigurationError(source, reason, "give the file that holds the weights")
        read_pickle(file, source)  # the protocol's version
        system = read_pickle(file, source)
        if not isinstance(system, dict) or system.get("little_endian") is not True:
            raise ConfigurationError(source, "its numbers are big-endian", "save it on a little-endian machine")
        self.described = read_pickle(file, source)
        keys = read_pickle(file, source)
        sizes = _item_sizes(self.described)
        self._places: dict[str, tuple[int, int]] = {}
        for key in map(str, keys if isinstance(keys, list) else ()):
            count = int.from_bytes(file.read(8), "little")
            begin = file.tell()
            # A storage that no tensor uses cannot be skipped: its type, and so its size, is unknown.
            end = begin + count * sizes.get(key, len(file))
            if end > len(file):
                raise ConfigurationError(source, f"damaged: it ends within storage {key!r}", DAMAGED)
            self._places[key] = begin, count
            file.seek(end)

    def read(self, storage: Storage) -> bytes:
        begin, count = self._places.get(storage.key, (0, -1))
        if count != storage.count:
            reason = f"damaged: its storage {storage.key!r} does not have {storage.count:,} numbers"
            raise ConfigurationError(self._source, reason, DAMAGED)
        return self._file[begin : begin + count * ITEM_SIZES[storage.dtype]]

    def _magic(self, file: mmap.mmap) -> Any:
        try:
            return read_pickle(file, self._source)
        except UnsafePickleError:
            raise
        except ConfigurationError:
            return None


def _item_sizes(described: Any) -> dict[str, int]:
    values = described.values() if isinstance(described, dict) else ()
    tensors = [value for value in values if isinstance(value, StoredTensor)]
    return {tensor.storage.key: ITEM_SIZES[tensor.storage.dtype] for tensor in tensors}
