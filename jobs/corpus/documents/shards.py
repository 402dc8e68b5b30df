"""Documents in files of even size: gzipped JSON, one document a line."""

from __future__ import annotations

import gzip
import resource
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from isal import igzip

from jobs.corpus.documents.balance import Balance
from jobs.corpus.documents.document import Document
from jobs.errors import ConfigurationError

_OTHER_FILES = 256

LEVEL = 1
"""Four times as fast as zlib's usual 6, for files a fifth larger."""


class DocumentShards:
    """Writes each document to the shard that ``Balance`` gives it by its bytes of text.

    The files' bytes depend on the documents alone: gzip's header carries neither time nor name.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._paths = paths

    def __enter__(self) -> DocumentShards:
        _allow_open_files(len(self._paths))
        self._open = ExitStack()
        self._files = []
        for path in self._paths:
            raw = self._open.enter_context(path.open("wb"))
            self._files.append(
                self._open.enter_context(gzip.GzipFile("", mode="wb", compresslevel=LEVEL, fileobj=raw, mtime=0))
            )
        self._balance = Balance(len(self._files))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def write(self, document: Document) -> None:
        self._files[self._balance.place(document.text_bytes)].write(document.to_json_line())


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
    # Twice as fast as zlib. It does not write here, because its bytes follow the processor.
    with igzip.open(path) as file:  # type: ignore[no-untyped-call]
        for line in file:
            yield Document.from_json_line(line)
