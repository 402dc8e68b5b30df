"""Reads a corpus of the user's own text files: once, line by line, within bounded memory."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from jobs.corpus.documents.outcome import Outcome
from jobs.corpus.documents.quarantine import Quarantined
from jobs.corpus.documents.size_limit import MAX_DOCUMENT_BYTES
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.detect_format import HEAD
from jobs.corpus.reading.lines import Line
from jobs.files.limits import Budget
from jobs.files.place import Place
from jobs.files.streams import drain, unpacked
from jobs.store import ObjectInfo

_LINES_AT_ONCE = 1 << 16
"""Lines that may be read without a document, a fraction of a second, until the step is asked whether it is to end."""


Reader = Callable[[str, Iterator[Line]], Iterator[Outcome]]
"""Yields the documents of one file, given its path and its lines; reads it to the end before the next file begins."""


Check = Callable[[bytes, str, str], None]
"""Raises ``ConfigurationError`` for a file of another kind: how it begins, its path, and what errors call it."""


def source_of(place: Place, file: ObjectInfo) -> str:
    """The name that errors use for a file of the corpus."""
    return place.location if place.name else f"{place.location.rstrip('/')}/{file.path}"


class OwnFiles:
    """The files of a corpus, and how far they are read; a ``jobs.corpus.documents.outcome.OpenedCorpus``."""

    broken: Sequence[Quarantined] = ()
    refused: Sequence[Quarantined] = ()
    total: int | None = None
    unused_files = 0

    def __init__(
        self,
        place: Place,
        files: Sequence[ObjectInfo],
        read: Reader,
        check: Check,
        workspace: Workspace,
        unread: int = 0,
    ) -> None:
        """``unread`` is the number of other files that lie beside them."""
        self.place = place
        self.files = files
        self.unread = unread
        self.source = place.location
        self.done_bytes = 0
        self._read = read
        self._check = check
        self._workspace = workspace

    def outcomes(self) -> Iterator[Outcome]:
        for file in self.files:
            yield from self._read(file.path, self.lines(file))

    def counts(self) -> Mapping[str, Any]:
        return {"files": len(self.files), "unread_files": self.unread}

    def tables(self) -> dict[str, Any]:
        return {}

    def listings(self) -> Mapping[str, Sequence[str]]:
        return {}

    @property
    def total_bytes(self) -> int:
        return sum(file.size for file in self.files)

    def lines(self, file: ObjectInfo) -> Iterator[Line]:
        """Lines end with ``\\n``; a byte order mark is left out. Raises ``ConfigurationError`` for damaged gzip."""
        before = self.done_bytes

        def tell(count: int) -> None:
            self.done_bytes = before + count

        source = source_of(self.place, file)
        with self.place.store.open(file.path) as found, self._workspace.digesting(file.path, found) as opened:
            stream = unpacked(opened, source, Budget(source, file.size), tell)
            self._check(cast("io.BufferedReader", stream).peek(HEAD), file.path, source)
            number = 0
            while data := stream.readline(MAX_DOCUMENT_BYTES):
                number += 1
                if number % _LINES_AT_ONCE == 0:
                    self._workspace.check_stop()
                if number == 1:
                    data = data.removeprefix(b"\xef\xbb\xbf")
                size = len(data)
                rest = data
                while len(rest) == MAX_DOCUMENT_BYTES and not rest.endswith(b"\n"):
                    data = b""
                    rest = stream.readline(MAX_DOCUMENT_BYTES)
                    size += len(rest)
                yield Line(number, data, size)
            drain(stream)

    def estimate(self, done: int) -> int:
        """Documents in all, if those to come are as large as the ``done`` before them."""
        if self.done_bytes >= self.total_bytes:
            return done
        return max(done + 1, round(done * self.total_bytes / max(1, self.done_bytes)))
