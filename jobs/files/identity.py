"""A file's identity: what follows its content, wherever it lies. Light."""

from __future__ import annotations

import hashlib
import os

from jobs.store import Store

READ_AT_MOST = 128 << 20
"""Bytes of a file that its identity is taken from: all of a smaller one; of a larger one the first MiB and the end."""
_HEAD = 1 << 20
_PIECE = 1 << 20


def file_identity(store: Store, name: str) -> str:
    """SHA-256 over a file's size, and all of it up to 128 MiB, else its first MiB and its last 127.

    In gzip the end holds the CRC-32 and length of everything before it, and in a zip the directory
    with the CRC-32 and size of every member (127 MiB of it, so of about a million), so an edit anywhere
    is seen there. In the middle of a larger plain tar, text or JSONL, an edit that keeps the size is not.
    """
    size = store.size(name)
    sha256 = hashlib.sha256(f"{size}\0".encode())
    with store.open(name) as file:
        if size > READ_AT_MOST:
            sha256.update(file.read(_HEAD))
            file.seek(_HEAD - READ_AT_MOST, os.SEEK_END)
        while piece := file.read(_PIECE):
            sha256.update(piece)
    return sha256.hexdigest()
