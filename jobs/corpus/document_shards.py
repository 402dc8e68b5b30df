"""Documents in files of even size: gzipped JSON, one document a line."""

from __future__ import annotations

import gzip
import heapq
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from jobs.corpus.document import Document

LEVEL = 1
"""Four times as fast as zlib's usual 6, for files a fifth larger."""


class DocumentShards:
    """Writes each document to the shard that has the fewest bytes of text so far, the first of equals.

    The files' bytes depend on the documents alone: gzip's header carries neither time nor name.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def __enter__(self) -> DocumentShards:
        self._open = ExitStack()
        self._files = []
        for path in self._paths:
            raw = self._open.enter_context(path.open("wb"))
            self._files.append(
                self._open.enter_context(gzip.GzipFile("", mode="wb", compresslevel=LEVEL, fileobj=raw, mtime=0))
            )
        self._weights = [(0, index) for index in range(len(self._files))]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def write(self, document: Document) -> None:
        weight, index = self._weights[0]
        self._files[index].write(document.to_json_line())
        heapq.heapreplace(self._weights, (weight + document.text_bytes, index))


def read_documents(path: Path) -> Iterator[Document]:
    """The documents of one shard, in order, one in memory at a time."""
    with gzip.open(path) as file:
        for line in file:
            yield Document.from_json_line(line)
