"""Small files that users give: copied into the bucket, named by their content, verified as they are read."""

from __future__ import annotations

import hashlib

from jobs.errors import DamagedError
from jobs.layout import given_file
from jobs.store import Store


def path_of(data: bytes, suffix: str) -> str:
    """The object that a file of this content becomes."""
    return given_file(hashlib.sha256(data).hexdigest(), suffix)


def give_file(store: Store, data: bytes, suffix: str) -> str:
    """Put a file where specs name it by its content; returns its path. Again is harmless."""
    path = path_of(data, suffix)
    store.create(path, data)
    return path


def is_intact(path: str, data: bytes) -> bool:
    """Whether a given file has the bytes that its name promises."""
    return path.rpartition("/")[2].partition(".")[0] == hashlib.sha256(data).hexdigest()


def read_given(store: Store, path: str, option: str) -> bytes:
    """A given file's bytes. Raises ``DamagedError`` when they are not those that its name promises."""
    data = store.get(path)
    if not is_intact(path, data):
        data = store.get(path)  # once more: what arrived wrong is not yet wrong in the bucket
    if not is_intact(path, data):
        remedy = f"remove that object, then submit again with --{option}, which writes it anew"
        raise DamagedError(store.where(path), "its bytes have another SHA-256 than its name says", remedy)
    return data
