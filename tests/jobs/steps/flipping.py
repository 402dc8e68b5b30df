"""A bit of an object in a bucket that changes, and who names the object then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jobs.errors import CovidCtlError
from jobs.seal import UNSEALED

Reader = Callable[[], object]
UNREAD = {"shards/00000.json", "progress/00000.json"}
"""Below a step that is complete: the record of a shard, and a heartbeat."""


def flip(file: Path) -> None:
    """Change one bit of what a checksum covers, near the middle."""
    data = bytearray(file.read_bytes())
    middle = len(data) // 2
    if UNSEALED.encode() in data[data.rfind(b"\n", 0, middle) : data.find(b"\n", middle)]:
        middle = data.find(b"\n", middle) + 4  # a time that decides nothing is under no checksum
    data[middle] ^= 1
    file.write_bytes(data)


@contextmanager
def flipped(file: Path) -> Iterator[None]:
    kept = file.read_bytes()
    flip(file)
    try:
        yield
    finally:
        file.write_bytes(kept)


def unnamed(step: Path, readers: Callable[[str], list[Reader]]) -> set[str]:
    """The objects of a step in a directory, as paths below it, that none of their readers names when a bit of them
    changes."""
    paths = sorted(str(file.relative_to(step)) for file in step.rglob("*") if file.is_file())
    return {path for path in paths if not _is_named(step, path, readers(path))}


def _is_named(step: Path, path: str, readers: list[Reader]) -> bool:
    with flipped(step / path):
        for read in readers:
            try:
                read()
            except CovidCtlError as error:
                return f"{step.name}/{path}".removesuffix("/spec.json") in error.thing
    return False
