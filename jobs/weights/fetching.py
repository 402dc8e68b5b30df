"""A checkpoint's files brought to this machine, out of a bucket or an archive, and checked."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from jobs.errors import ConfigurationError
from jobs.files.archive import Member, tar_members
from jobs.files.limits import Budget
from jobs.files.names import printable
from jobs.files.streams import unpacked
from jobs.files.tar import is_tar
from jobs.files.zips import ZIP_ERRORS, ZIP_MAGICS, open_zip, zip_path
from jobs.store import DELIMITER
from jobs.weights.source import ACCEPTED_CHECKPOINTS, MAX_BYTES, POOLING, CheckpointFiles, Source, choose_checkpoint

_DAMAGED = "get it again and compare its size and checksum with the original's"
_PIECE = 4 << 20

Stop = Callable[[], None]
"""Called now and then; may raise to stop."""


@dataclass(frozen=True)
class Expected:
    """What the recipe says of the archive, or of the files that hold the numbers, one after the other."""

    size: int | None = None
    """Bytes."""
    sha256: str | None = None


def fetch(source: Source, scratch: Path, expected: Expected, stop: Stop) -> tuple[CheckpointFiles, Path]:
    """The checkpoint's files, and the directory where each now lies under the last part of its path.

    Raises ``ConfigurationError`` for files that are damaged, too large or not the expected ones, and for an
    archive that reaches out of itself.
    """
    directory = scratch / "checkpoint"
    directory.mkdir()
    store, location = source.place.store, source.place.location
    if source.is_archive:
        archive = scratch / "archive"
        with store.open(source.place.name) as file:
            _copy(file, archive, stop)
        _verify([archive], expected, location, stop)
        files = _unpack(archive, source, directory, stop)
        archive.unlink()
        return files, directory
    files = source.files()
    _check_size(sum(store.size(path) for path in files.fetched), location)
    for path in files.fetched:
        with store.open(path) as file:
            _copy(file, directory / local_name(path), stop)
    _verify([directory / local_name(path) for path in files.weights], expected, f"{location}: {files.name}", stop)
    return files, directory


def local_name(path: str) -> str:
    """What a fetched file is called here; two files of one checkpoint are called ``config.json``."""
    return "pooling.json" if path.endswith(POOLING) else path.rpartition(DELIMITER)[2]


def _unpack(archive: Path, source: Source, directory: Path, stop: Stop) -> CheckpointFiles:
    """Reads the archive twice: only its last member tells that it holds one checkpoint."""
    location = source.place.location
    sizes: dict[str, int] = {}
    for member in _members(archive, location, stop):
        if member.problem or member.path in sizes:
            reason = f"its member {member.path} is refused: {member.problem or 'it is there twice'}"
            raise ConfigurationError(location, reason, "check where it comes from, or unpack it and give the directory")
        sizes[member.path] = member.size
    files = choose_checkpoint(sizes, source.name, location)
    _check_size(sum(sizes[path] for path in files.fetched), location)
    for member in _members(archive, location, stop):
        if member.path in files.fetched and member.file:
            _copy(member.file, directory / local_name(member.path), stop)
    return files


def _members(archive: Path, location: str, stop: Stop) -> Iterator[Member]:
    """Every file of a tar, tar.gz or zip, told by content."""
    budget = Budget(location, archive.stat().st_size)
    with archive.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if head.startswith(ZIP_MAGICS):
            yield from _zip_members(archive, location, budget)
            return
        # Only a tar is looked into: what is gzip but no tar would be read as a damaged one.
        if not is_tar(unpacked(file, location, Budget(location, archive.stat().st_size)).read(512)):
            raise ConfigurationError(location, "it is neither a directory nor an archive", ACCEPTED_CHECKPOINTS)
        file.seek(0)
        yield from tar_members(file, location, budget, lambda _: stop())


def _zip_members(archive: Path, location: str, budget: Budget) -> Iterator[Member]:
    with open_zip(archive.open("rb"), location) as found:
        for info in found.infolist():
            if info.is_dir():
                continue
            path, problem = zip_path(info)
            budget.spend(info.file_size)
            try:
                with found.open(info) as file:
                    yield Member(path or printable(info.filename), info.file_size, None if problem else file, problem)
            except ZIP_ERRORS as error:
                raise ConfigurationError(location, f"{path} cannot be unpacked ({error})", _DAMAGED) from error


def _copy(source: IO[bytes], target: Path, stop: Stop) -> None:
    with target.open("wb") as file:
        while piece := source.read(_PIECE):
            stop()
            file.write(piece)


def _check_size(size: int, location: str) -> None:
    if size > MAX_BYTES:
        reason = f"its checkpoint has {size:,} bytes, more than the {MAX_BYTES:,} that any BERT has"
        raise ConfigurationError(location, reason, "check that it is what you mean")


def _verify(files: list[Path], expected: Expected, what: str, stop: Stop) -> None:
    size = sum(file.stat().st_size for file in files)
    if expected.size not in (None, size):
        raise ConfigurationError(what, f"{size:,} bytes, the recipe says {expected.size:,}", _DAMAGED)
    if expected.sha256 is None:
        return
    sha256 = hashlib.sha256()
    for path in files:
        with path.open("rb") as file:
            while piece := file.read(_PIECE):
                stop()
                sha256.update(piece)
    if sha256.hexdigest() != expected.sha256.lower():
        reason = f"its SHA-256 is {sha256.hexdigest()}, the recipe says {expected.sha256}"
        raise ConfigurationError(what, reason, _DAMAGED)
