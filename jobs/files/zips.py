"""Opens a zip in bounded memory, and names its members. Nothing is ever extracted to its name."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from typing import IO, cast

from jobs.errors import ConfigurationError
from jobs.files.names import safe_path

ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")

ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    ValueError,
    OverflowError,
    RuntimeError,
    NotImplementedError,
)
"""What reading a damaged member raises; ``RuntimeError`` is how zipfile says that it is encrypted."""

MAX_DIRECTORY = 256 << 20
"""Bytes of the directory at a zip's end, which is read as a whole; a million papers have half of that."""

MAX_MEMBERS = 2_000_000
"""zipfile takes some 400 bytes of memory for each."""

_ENCRYPTED = 1
"""In a member's flags."""

_MEMBER = b"PK\x01\x02"
"""Begins each member's entry in the directory."""


def open_zip(file: IO[bytes], source: str) -> zipfile.ZipFile:
    """The zip in ``file``, which is closed with it.

    Raises ``ConfigurationError``, naming ``source``, when its directory cannot be read or is too large.
    """
    try:
        return _Zip(_BoundedFile(file))
    except ZIP_ERRORS as error:
        file.close()
        reason = f"truncated or damaged: the directory at the end of the zip cannot be read ({error})"
        raise ConfigurationError(source, reason, "get it again and compare its size") from error


def zip_remedy(error: Exception) -> str:
    """What to do about a member whose reading raised one of ``ZIP_ERRORS``."""
    if "encrypted" in str(error):
        return DECRYPT
    return "get it again and compare its size and checksum"


DECRYPT = "unpack it with its password, and give the directory"


def zip_path(info: zipfile.ZipInfo) -> tuple[str, str]:
    """A member's name as a normal relative path, and why it must not be read where it must not."""
    name, problem = safe_path(info.filename)
    mode = info.external_attr >> 28
    if mode not in (0, 0o10):  # the file type of Unix, where the zip says one: ordinary
        problem = problem or "it is a link, a device or a pipe"
    if info.flag_bits & _ENCRYPTED:
        problem = problem or "it is encrypted"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        problem = problem or f"it is packed by method {info.compress_type}, which is not read: pack it with deflate"
    return name, problem


class _Zip(zipfile.ZipFile):
    """Closes its file, too."""

    def __init__(self, file: _BoundedFile) -> None:
        self._own_file = file
        super().__init__(cast("IO[bytes]", file))

    def close(self) -> None:
        super().close()
        self._own_file.close()


class _BoundedFile:
    """What zipfile needs of a file; refuses a directory that would not fit in memory before zipfile parses it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.tell = file.tell
        self.seekable = file.seekable
        self.close = file.close

    def seek(self, target: int, whence: int = io.SEEK_SET) -> int:
        if target < 0 and whence == io.SEEK_SET:
            raise zipfile.BadZipFile("a member begins before the zip does")
        return self._file.seek(target, whence)

    def read(self, size: int = -1) -> bytes:
        if size > MAX_DIRECTORY:
            raise zipfile.BadZipFile(f"it has {size:,} bytes, more than the {MAX_DIRECTORY:,} that are read")
        data = self._file.read(size)
        if len(data) > MAX_MEMBERS * len(_MEMBER) and data.count(_MEMBER) > MAX_MEMBERS:
            raise zipfile.BadZipFile(f"it lists more than the {MAX_MEMBERS:,} members that are read")
        return data
