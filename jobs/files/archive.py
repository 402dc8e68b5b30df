"""Reads a tar once from front to end, with the tars nested in it. Nothing is ever extracted to its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO

from jobs.errors import ConfigurationError
from jobs.files.limits import Budget
from jobs.files.metered import Tell
from jobs.files.names import printable, safe_path
from jobs.files.streams import unpacked
from jobs.files.tar import Entry, TarError, entries


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
    like any other. Raises ``ConfigurationError``, also from a member's ``file``, for a tar that is truncated or
    damaged, naming ``source`` and the byte.
    """
    stream = unpacked(file, source, budget, tell)

    def damaged(error: TarError) -> ConfigurationError:
        reason = f"truncated or damaged: its tar cannot be read beyond byte {error.position:,} ({error})"
        return ConfigurationError(source, reason, "get it again and compare its size and checksum with the original's")

    try:
        for entry in entries(stream, damaged):
            path, problem = safe_path(entry.name)
            path = inside + path if path else printable(entry.name)
            problem = problem or _not_a_file(entry)
            if not problem and nested and nested(path):
                folder = path.removesuffix(path.rpartition("/")[2])
                yield from tar_members(entry.file, f"{source}: {path}", budget, inside=folder)
            elif not entry.is_directory:
                yield Member(path, entry.size, None if problem else entry.file, problem)
    except TarError as error:
        raise damaged(error) from error


def _not_a_file(entry: Entry) -> str:
    if entry.is_link:
        return f"it is a link (to {printable(entry.link)})"
    if entry.is_device:
        return "it is a device or a pipe"
    return "" if entry.is_file or entry.is_directory else "it is no ordinary file"
