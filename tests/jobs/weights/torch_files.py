"""``pytorch_model.bin`` as ``torch.save`` writes it, without torch: the zip archive, and the format before it."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
_STORAGES = {"float32": "Float", "float16": "Half", "float64": "Double", "int64": "Long", "uint16": "BFloat16"}


@dataclass(frozen=True)
class View:
    """A tensor that is a view of a storage; ``uint16`` numbers stand for bfloat16."""

    storage: NDArray[np.generic]
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def whole(array: NDArray[np.generic]) -> View:
    return View(array.reshape(-1), 0, array.shape, tuple(step // array.itemsize for step in array.strides))


def zip_file(state: Mapping[str, NDArray[np.generic] | View]) -> bytes:
    views = _views(state)
    members = {f"data/{number}": view.storage.tobytes() for number, view in enumerate(views.values())}
    return zip_of(_pickled(views), members)


def zip_of(pickled: bytes, members: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in {"data.pkl": pickled, "byteorder": b"little", **members}.items():
            archive.writestr(f"archive/{name}", data)
    return out.getvalue()


def legacy_file(state: Mapping[str, NDArray[np.generic] | View]) -> bytes:
    views = _views(state)
    magic = b"\x80\x02\x8a\x0a" + MAGIC.to_bytes(10, "little") + b"."
    version = b"\x80\x02M" + (1001).to_bytes(2, "little") + b"."
    system = b"\x80\x02}" + _text("little_endian") + b"\x88s."
    keys = b"\x80\x02](" + b"".join(_text(str(number)) for number in range(len(views))) + b"e."
    numbers = [len(view.storage).to_bytes(8, "little") + view.storage.tobytes() for view in views.values()]
    return b"".join([magic, version, system, _pickled(views), keys, *numbers])


def _views(state: Mapping[str, NDArray[np.generic] | View]) -> dict[str, View]:
    return {name: value if isinstance(value, View) else whole(value) for name, value in state.items()}


def _pickled(views: Mapping[str, View]) -> bytes:
    items = b"".join(_text(name) + tensor(number, view) for number, (name, view) in enumerate(views.items()))
    # A state dictionary is an ordered mapping with an attribute.
    metadata = b"}" + _text("_metadata") + _global("collections OrderedDict") + b")Rsb"
    return b"\x80\x02" + _global("collections OrderedDict") + b")R(" + items + b"u" + metadata + b"."


def tensor(number: int, view: View) -> bytes:
    """The instructions that describe one tensor in storage ``number``."""
    storage = _global(f"torch {_STORAGES[view.storage.dtype.name]}Storage")
    persistent = (
        b"(" + _text("storage") + storage + _text(str(number)) + _text("cpu") + _whole(len(view.storage)) + b"tQ"
    )
    sizes = [b"(" + b"".join(map(_whole, values)) + b"t" for values in (view.shape, view.strides)]
    hooks = b"\x89" + _global("collections OrderedDict") + b")R"
    arguments = b"(" + persistent + _whole(view.offset) + b"".join(sizes) + hooks + b"t"
    return _global("torch._utils _rebuild_tensor_v2") + arguments + b"R"


def _global(name: str) -> bytes:
    return b"c" + name.replace(" ", "\n").encode() + b"\n"


def _text(text: str) -> bytes:
    return b"X" + len(text.encode()).to_bytes(4, "little") + text.encode()


def _whole(number: int) -> bytes:
    return b"J" + number.to_bytes(4, "little", signed=True)
