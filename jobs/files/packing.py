"""How a file is packed, by its first bytes: gzip is read, zip is opened elsewhere, all else is refused by name."""

from __future__ import annotations

import re

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
