"""Objects of the bucket as local files: TensorFlow itself never touches the bucket."""

from __future__ import annotations

from pathlib import Path

import google_crc32c

from jobs.artifact import Output
from jobs.errors import StoreError
from jobs.store import Store

REMEDY = "repeat; if it stays so, make it again with --fresh"


class DamagedError(StoreError):
    """An object is not the one that its record describes."""


def stage(store: Store, path: str, expected: Output, target: Path) -> Path:
    """Download an object and compare it with what its record says.

    Raises ``DamagedError`` when size or checksum differ, ``MissingObjectError`` when it is not there.
    """
    store.download(path, target)
    size = target.stat().st_size
    if size != expected.size:
        raise DamagedError(path, f"{size} bytes instead of {expected.size}", REMEDY)
    checksum = google_crc32c.Checksum()
    with target.open("rb") as file:
        for _ in checksum.consume(file, 1 << 20):
            pass
    found = checksum.hexdigest().decode()
    if found != expected.crc32c:
        raise DamagedError(path, f"crc32c {found} instead of {expected.crc32c}", REMEDY)
    return target
