"""Names in an archive: what may be a path, and what may be shown."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


def safe_path(name: str) -> tuple[str, str]:
    """A member's name as a normal relative path, or (empty) why it must not be one."""
    if _CONTROL.search(name):
        return "", "its name has characters that no name should have"
    path = name.replace("\\", "/")
    parts = PurePosixPath(path).parts
    if path.startswith("/") or ".." in parts or re.match(r"[A-Za-z]:", path):
        return "", "its name leads out of the archive"
    return "/".join(parts), ""


def printable(name: str) -> str:
    """A name from an archive as text that JSON and a terminal can bear."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode(), name)
