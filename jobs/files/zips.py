"""A zip read back and forth. Nothing is ever extracted to its name."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

from jobs.errors import ConfigurationError
from jobs.files.names import safe_path

ZIP_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")

ZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError)
"""What reading a member raises; ``RuntimeError`` is how zipfile says that it is encrypted."""


def open_zip(path: Path, source: str) -> zipfile.ZipFile:
    """Raises ``ConfigurationError``, naming ``source``, when its directory cannot be read."""
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        reason = f"truncated or damaged: the directory at the end of the zip cannot be read ({error})"
        raise ConfigurationError(source, reason, "get it again and compare its size") from error


def zip_path(info: zipfile.ZipInfo) -> tuple[str, str]:
    """A member's name as a normal relative path, and why it must not be read where it must not."""
    name, problem = safe_path(info.filename)
    mode = info.external_attr >> 28
    if mode not in (0, 0o10):  # the file type of Unix, where the zip says one: ordinary
        problem = problem or "it is a link, a device or a pipe"
    return name, problem
