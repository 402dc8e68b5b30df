"""What only a bucket in a local directory needs: plain reading, links, flushing, and what killed writers leave."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from jobs.errors import StoreError

_TEMPORARY = re.compile(r"#[0-9]+$")
"""How obstore's file names end while it writes them."""
_PIECE = 1 << 18
"""Bytes that are copied at a time: they stay in the processor's cache."""
_PLAIN = re.compile(r"[\w-][\w.-]*(?:/[\w-][\w.-]*)*", re.ASCII)
"""Paths that obstore and the file system write alike."""


def directory_of(location: str) -> Path:
    return Path(location).expanduser().absolute()


def read_plainly(root: str, path: str) -> bytes | None:
    """A file's bytes, in a tenth of the time that obstore takes to hand them over.

    None where obstore is to say what the file is called, or why it cannot be read.
    """
    if not _PLAIN.fullmatch(path):
        return None
    try:
        with open(f"{root}/{path}", "rb") as file:  # noqa: PTH123 - a release has a million
            return file.read()
    except OSError:
        return None


def copied_plainly(root: str, path: str, target: Path) -> bool:
    """Copies a file, in a tenth of the time that obstore takes to hand it over; False as in ``read_plainly``."""
    if not _PLAIN.fullmatch(path):
        return False
    try:
        with Path(root, path).open("rb") as file, target.open("wb") as copy:
            shutil.copyfileobj(file, copy, _PIECE)
    except OSError:
        return False
    return True


def linked(root: Path, path: str, source: Path) -> bool:
    """Makes the path another name of the file ``source``; False where it is taken, or the file has to be copied."""
    if not _PLAIN.fullmatch(path):
        return False
    target = root / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.hardlink_to(source)
    except OSError:  # also: another disk, or a file system without links
        return False
    return True


def is_temporary(path: str) -> bool:
    """Whether a file of this name is an object that is still being written, or was when its writer was killed."""
    return _TEMPORARY.search(path) is not None


def flush(root: Path, paths: Iterable[str]) -> None:
    """Return once the files below ``root``, and the folders on their way, would outlive a power cut.

    Raises ``StoreError``.
    """
    files = [root / path for path in paths]
    folders = {folder for file in files for folder in file.parents if folder == root or root in folder.parents}
    for path in (*files, *folders):
        try:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StoreError(str(path), error.strerror or repr(error), "check the disk, then repeat") from error


def temporary_files(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Paths below ``root`` of the temporary files there, each with its size and age."""
    for folder, _, names in os.walk(root):
        for name in filter(is_temporary, names):
            file = Path(folder, name)
            try:
                yield file.relative_to(root).as_posix(), file.stat()
            except OSError:
                continue  # its writer has just finished
