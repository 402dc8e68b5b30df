"""How a file is packed, by its first bytes or its name: gzip is read, zip is opened elsewhere, all else is refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from jobs.errors import ConfigurationError

GZIP_MAGIC = b"\x1f\x8b"
LONGEST_MAGIC = 10

_REFUSED = (
    (re.compile(rb"\xfd7zXZ\0"), "xz", "xz -dk"),
    (re.compile(rb"BZh[1-9](1AY&SY|\x17rE8P\x90)"), "bzip2", "bzip2 -dk"),
    (re.compile(rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"), "zstd", "zstd -dk"),
    (re.compile(rb"\x04\x22\x4d\x18"), "lz4", "lz4 -dk"),
    (re.compile(rb"LZIP\x01"), "lzip", "lzip -dk"),
    (re.compile(rb"\x1f\x9d"), "compress", "uncompress"),
    (re.compile(rb"7z\xbc\xaf\x27\x1c"), "7-Zip", "7z x"),
    (re.compile(rb"Rar!\x1a\x07"), "RAR", "unrar x"),
)


def refuse_other_packing(head: bytes, source: str) -> None:
    """Raises ``ConfigurationError`` for a file that begins with ``head`` and is packed in a way that is not read."""
    for magic, name, command in _REFUSED:
        if magic.match(head):
            reason = f"it is packed with {name}, which is not read"
            raise ConfigurationError(source, reason, f"unpack it ({command} FILE), or pack it with gzip")


_TAR = ".tar"
_ENDINGS = {
    ".xz": ("xz", ""),
    ".txz": ("xz", _TAR),
    ".bz2": ("bzip2", ""),
    ".tbz": ("bzip2", _TAR),
    ".tbz2": ("bzip2", _TAR),
    ".zst": ("zstd", ""),
    ".tzst": ("zstd", _TAR),
    ".lz4": ("lz4", ""),
    ".lz": ("lzip", ""),
    ".tlz": ("lzip", _TAR),
    ".z": ("compress", ""),
    ".7z": ("7-Zip", _TAR),
    ".rar": ("RAR", _TAR),
}
"""How a file is packed whose name ends so, and how that of what is in it ends."""


def unread_packing(path: str) -> tuple[str, str]:
    """How a file is packed that cannot be read, by its name, and the name of what is in it; both empty for another."""
    begin, dot, ending = path.rpartition(".")
    kind, inside = _ENDINGS.get(f"{dot}{ending.lower()}", ("", ""))
    return kind, f"{begin}{inside}" if kind else ""


def refuse_packed_names(paths: Iterable[str], source: str, is_wanted: Callable[[str], bool]) -> None:
    """Raises ``ConfigurationError`` for the first of ``paths`` whose name says that what is wanted is packed in a way
    that is not read; ``is_wanted`` is asked about the name of what is in it."""
    for path in paths:
        kind, inside = unread_packing(path)
        if kind and is_wanted(inside):
            command = next(command for _, name, command in _REFUSED if name == kind)
            reason = f"{path} is packed with {kind}, which is not read"
            raise ConfigurationError(source, reason, f"unpack it ({command} FILE), or pack it with gzip")
