"""A tar read once from front to end, with the tars nested in it. Nothing is ever extracted to its name."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Self

from jobs.errors import ConfigurationError
from jobs.files.limits import Budget
from jobs.files.names import printable, safe_path
from jobs.files.streams import Metered, Tell, drain, unpacked

_DAMAGED = "get it again and compare its size and checksum with the original's"


@dataclass(frozen=True)
class Member:
    """A file of an archive; ``problem`` says why it is refused, and then ``file`` must not be read."""

    path: str
    size: int
    """Bytes, unpacked."""
    file: IO[bytes] | None = None
    """To be read before the next member is asked for."""
    problem: str = ""


def tar_members(
    file: IO[bytes],
    source: str,
    budget: Budget,
    tell: Tell | None = None,
    *,
    inside: str = "",
    nested: Callable[[str], bool] | None = None,
) -> Iterator[Member]:
    """Every file of a tar or tar.gz in its order, below the folder ``inside``.

    A member that is a ``nested`` tar by its path is replaced by its own members; a tar in that one is a file
    like any other. Raises ``ConfigurationError`` for a tar that is truncated or damaged, naming ``source``
    and the byte.
    """
    stream = unpacked(file, source, budget, tell)
    counted = Metered(stream)
    try:
        with tarfile.open(fileobj=counted, mode="r|", bufsize=1 << 16, tarinfo=_StrictTarInfo) as tar:
            while info := tar.next():
                tar.members.clear()  # type: ignore[attr-defined]  # tarfile remembers them all, for random access
                path, problem = safe_path(info.name)
                path = inside + path if path else printable(info.name)
                problem = problem or _not_a_file(info)
                if info.isdir():
                    continue
                opened = None if problem else tar.extractfile(info)
                if opened and nested and nested(path):
                    folder = path.removesuffix(path.rpartition("/")[2])
                    yield from tar_members(opened, f"{source}: {path}", budget, inside=folder)
                else:
                    yield Member(path, info.size, opened, problem)
    except (tarfile.TarError, EOFError, UnicodeError, ValueError, OverflowError) as error:
        reason = f"truncated or damaged: its tar cannot be read beyond byte {counted.count:,} ({error})"
        raise ConfigurationError(source, reason, _DAMAGED) from error
    drain(stream)


def is_tar(head: bytes) -> bool:
    """Whether a file that begins so (at least 512 bytes, not gzipped any more) is a tar."""
    try:
        tarfile.TarInfo.frombuf(head[:512], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True


class _StrictTarInfo(tarfile.TarInfo):
    """tarfile takes a broken or absent header after the first for the end of the archive; only two zero blocks are."""

    @classmethod
    def fromtarfile(cls, tarfile_: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(tarfile_)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(str(error)) from error


def _not_a_file(info: tarfile.TarInfo) -> str:
    if info.issym() or info.islnk():
        return f"it is a link (to {printable(info.linkname)})"
    if info.isdev():
        return "it is a device or a pipe"
    if info.issparse() or not (info.isreg() or info.isdir()):
        return "it is no ordinary file"
    return ""
