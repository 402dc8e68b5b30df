"""Files from a stream, put by for random access: a tar has no order that papers could be read in."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from functools import cached_property
from io import BufferedRandom
from pathlib import Path

from isal import isal_zlib


class Spool(Mapping[str, int]):
    """Path -> size in bytes, with the content in one scratch file, each deflated at igzip's fastest level.

    Disk: about as much as the archive was (JSON shrinks 4.5-fold). Memory: some 200 bytes a file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rows: dict[str, int] = {}
        self._sizes = array("Q")
        self._ends = array("Q", [0])

    def put(self, path: str, data: bytes) -> None:
        self._file.write(isal_zlib.compress(data, 1))
        self._add(path, len(data), self._file.tell())

    def note(self, path: str, size: int) -> None:
        """A file that is too large to keep: known, but never read."""
        self._add(path, size, self._ends[-1])

    def get_bytes(self, path: str) -> bytes:
        row = self._rows[path]
        begin, end = self._ends[row], self._ends[row + 1]
        self._file.seek(begin)
        return bytes(isal_zlib.decompress(self._file.read(end - begin)))

    def close(self) -> None:
        if "_file" in vars(self):
            self._file.close()

    @cached_property
    def _file(self) -> BufferedRandom:
        """Opened for the first file that is put."""
        return self._path.open("w+b")

    def __getitem__(self, path: str) -> int:
        return self._sizes[self._rows[path]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def _add(self, path: str, size: int, end: int) -> None:
        self._rows[path] = len(self._sizes)
        self._sizes.append(size)
        self._ends.append(end)
