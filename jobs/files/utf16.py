"""Text in two bytes a character, as Windows calls Unicode: it is told, not read. Light."""

from __future__ import annotations

import re

from jobs.errors import ConfigurationError

_UTF16 = re.compile(rb"\xff\xfe|\xfe\xff|([^\0]\0){4}|(\0[^\0]){4}")


def refuse_utf16(head: bytes, source: str) -> None:
    """Raises ``ConfigurationError`` for a file that begins with ``head``, where that is UTF-16."""
    if _UTF16.match(head):
        raise ConfigurationError(
            source, "it is text in UTF-16, and UTF-8 is read", "convert it: iconv -f UTF-16 -t UTF-8 FILE > NEW_FILE"
        )
