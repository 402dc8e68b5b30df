"""The tar format, read from a stream in bounded memory: ustar, GNU and pax.

The standard library's ``tarfile`` holds a whole extended header in memory, of any size that the archive declares,
and takes a damaged header for the end of the archive. It still decodes the 512 bytes of each header here.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, cast

BLOCK = 512
MAX_EXTENDED_HEADER = 1 << 20
"""Bytes of a pax header or a GNU long name; real ones have a path and some times, a few hundred."""

_GNU_NAMES = {tarfile.GNUTYPE_LONGNAME: "path", tarfile.GNUTYPE_LONGLINK: "linkpath"}
_EXTENDED = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.XGLTYPE, *_GNU_NAMES)
_SPARSE = ("GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.size")
_FIELDS = ("path", "linkpath", "size", *_SPARSE)
"""The pax headers that decide how a member is read."""

_SKIP_AT_ONCE = 1 << 20


class TarError(Exception):
    """A tar that breaks off or is damaged; ``position`` is the byte up to which it could be read."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.position = position


@dataclass(frozen=True)
class Entry:
    """One member of a tar."""

    name: str
    """As it stands in the archive; bytes that are not UTF-8 are lone surrogates."""
    size: int
    """Bytes of ``file``."""
    file: IO[bytes]
    """To be read before the next entry is asked for."""
    link: str = ""
    """What a link leads to."""
    is_file: bool = False
    is_directory: bool = False
    is_link: bool = False
    is_device: bool = False


def entries(stream: IO[bytes], damaged: Callable[[TarError], Exception]) -> Iterator[Entry]:
    """Every member, in order, and then the stream to its end; archives joined to one are read on, as ``tar -i`` does.

    Raises ``TarError`` where the archive cannot be read; an entry's ``file`` raises what ``damaged`` makes of it.
    """
    source = _Source(stream)
    shared: dict[str, str] = {}
    """Fields of pax headers that hold for all that follows."""
    ended = False
    while block := source.read(BLOCK):
        if not block.strip(b"\0"):
            ended = True
            continue
        if len(block) < BLOCK:
            raise TarError("unexpected end of data", source.position)
        yield from _entry(source, block, shared, damaged)
        ended = False
    if not ended:
        raise TarError("unexpected end of data", source.position)


def is_tar(head: bytes) -> bool:
    """Whether a file that begins so (at least 512 bytes, unpacked) is a tar."""
    try:
        tarfile.TarInfo.frombuf(head[:BLOCK], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


class _Source:
    """A stream and how far it was read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.position = 0

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self.position += len(data)
        return data

    def exactly(self, size: int) -> bytes:
        data = self.read(size)
        if len(data) < size:
            raise TarError("unexpected end of data", self.position)
        return data

    def skip(self, size: int) -> None:
        while size > 0:
            size -= len(self.exactly(min(size, _SKIP_AT_ONCE)))


def _entry(
    source: _Source, block: bytes, shared: dict[str, str], damaged: Callable[[TarError], Exception]
) -> Iterator[Entry]:
    """The member whose header, or first extended header, is ``block``; nothing for a global header."""
    fields: dict[str, str] = {}
    info = _decoded(block, source.position)
    while info.type in _EXTENDED:
        data = _extended(source, info)
        if info.type == tarfile.XGLTYPE:
            shared |= _pax_fields(data, source.position)
            return
        if name := _GNU_NAMES.get(info.type):
            fields.setdefault(name, data.partition(b"\0")[0].decode("utf-8", "surrogateescape"))
        else:
            fields |= _pax_fields(data, source.position)
        block = source.exactly(BLOCK)
        info = _decoded(block, source.position)

    fields = shared | fields
    size = _size(fields["size"], source.position) if "size" in fields else info.size
    if info.type == tarfile.GNUTYPE_SPARSE:
        _skip_sparse_map(source, block)
    has_data = info.isreg() or info.type not in tarfile.SUPPORTED_TYPES
    file = _Data(source, size if has_data else 0, damaged)
    yield Entry(
        name=fields.get("path", info.name),
        size=size,
        file=cast("IO[bytes]", file),
        link=fields.get("linkpath", info.linkname),
        is_file=info.isreg() and info.type != tarfile.GNUTYPE_SPARSE and not any(f in fields for f in _SPARSE),
        is_directory=info.isdir(),
        is_link=info.issym() or info.islnk(),
        is_device=info.isdev(),
    )
    source.skip(file.left + -file.size % BLOCK)


def _decoded(block: bytes, position: int) -> tarfile.TarInfo:
    try:
        info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError, OverflowError) as error:
        raise TarError(str(error), position) from error
    if info.size < 0:
        raise TarError("a member of negative size", position)
    return info


def _extended(source: _Source, info: tarfile.TarInfo) -> bytes:
    if info.size > MAX_EXTENDED_HEADER:
        reason = f"an extended header of {info.size:,} bytes, more than the {MAX_EXTENDED_HEADER:,} that one may have"
        raise TarError(reason, source.position)
    data = source.exactly(info.size)
    source.skip(-info.size % BLOCK)
    return data


def _pax_fields(data: bytes, position: int) -> dict[str, str]:
    """Those of ``_FIELDS`` that are there. A record is ``LENGTH KEY=VALUE\\n``; the length counts all of it."""
    fields = {}
    at = 0
    while at < len(data) and data[at]:
        length, space, _ = data[at : at + 24].partition(b" ")
        if not (space and length.isdigit() and len(length) + 3 <= int(length) <= len(data) - at):
            raise TarError("a damaged pax header", position)
        key, equals, value = data[at + len(length) + 1 : at + int(length) - 1].partition(b"=")
        if not equals:
            raise TarError("a damaged pax header", position)
        name = key.decode("utf-8", "replace")
        if name in _FIELDS:
            fields[name] = value.decode("utf-8", "surrogateescape")
        at += int(length)
    return fields


def _size(declared: str, position: int) -> int:
    if not (declared.isascii() and declared.isdigit() and len(declared) < 20):
        raise TarError("a damaged pax header", position)
    return int(declared)


def _skip_sparse_map(source: _Source, header: bytes) -> None:
    """The rest of a GNU sparse file's map: blocks, each of which says whether there is another."""
    more = header[482]
    while more:
        more = source.exactly(BLOCK)[504]


class _Data(io.RawIOBase):
    """One member's bytes. They are read unbuffered: most members are read whole."""

    def __init__(self, source: _Source, size: int, damaged: Callable[[TarError], Exception]) -> None:
        self._source = source
        self._damaged = damaged
        self.size = self.left = size

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        wanted = self.left if size is None or size < 0 else min(size, self.left)
        try:
            data = self._source.exactly(wanted)
        except TarError as error:
            raise self._damaged(error) from error
        self.left -= wanted
        return data
