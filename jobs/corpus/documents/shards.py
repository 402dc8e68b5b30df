"""Documents in files of even size: JSON, one document a line, packed with Zstandard."""

from __future__ import annotations

import io
import resource
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

import zstandard

from jobs.corpus.documents.balance import Balance
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.encoding import decoded, encoded
from jobs.errors import ConfigurationError

_OTHER_FILES = 256

ENDING = ".jsonl.zst"
LEVEL = 1
"""A third of gzip's time at its fastest, for smaller files; the same bytes on every processor."""

_AT_ONCE = 1 << 18
"""Bytes of lines that are packed together, as a frame of its own: memory for each of what may be hundreds of files."""
_READ_AT_ONCE = 1 << 20


class DocumentShards:
    """Writes each document to the shard that ``Balance`` gives it by its bytes of text.

    The files' bytes depend on the documents alone.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths
        self._packer = zstandard.ZstdCompressor(level=LEVEL)

    def __enter__(self) -> DocumentShards:
        _allow_open_files(len(self._paths))
        self._open = ExitStack()
        self._files = [self._open.enter_context(path.open("wb")) for path in self._paths]
        self._lines = [bytearray() for _ in self._files]
        self._balance = Balance(len(self._files))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._open:
            if kind is None:
                for shard in range(len(self._files)):
                    self._pack(shard)

    def write(self, document: Document) -> None:
        shard = self._balance.place(document.text_bytes)
        self._lines[shard] += encoded(document)
        if len(self._lines[shard]) >= _AT_ONCE:
            self._pack(shard)

    def _pack(self, shard: int) -> None:
        self._files[shard].write(self._packer.compress(self._lines[shard]))
        self._lines[shard].clear()


def _allow_open_files(count: int) -> None:
    """Lift this process's own limit where it is lower than needed: it is often 1,024.

    Raises ``ConfigurationError`` when the system allows no more.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + _OTHER_FILES
    if soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise ConfigurationError(
                "--shards", f"{count:,} shards are as many open files, the limit is {hard:,}", "give fewer shards"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def read_documents(path: Path) -> Iterator[Document]:
    """The documents of one shard, in order, one in memory at a time."""
    with path.open("rb") as file:
        unpacked = zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)
        yield from map(decoded, io.BufferedReader(unpacked, _READ_AT_ONCE))
