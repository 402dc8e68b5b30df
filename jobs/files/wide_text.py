"""Text in two or four bytes a character, such as Windows calls Unicode: it is told, not read. Light."""

from __future__ import annotations

import re

from jobs.errors import ConfigurationError

_WIDE = (
    ("UTF-32", re.compile(rb"\xff\xfe\0\0|\0\0\xfe\xff|([^\0].\0\0){4}|(\0\0.[^\0]){4}", re.DOTALL)),
    ("UTF-16", re.compile(rb"\xff\xfe|\xfe\xff|([^\0]\0){4}|(\0[^\0]){4}")),
)


def refuse_wide_text(head: bytes, source: str) -> None:
    """Raises ``ConfigurationError`` for a file that begins with ``head``, where that is UTF-16 or UTF-32."""
    for name, beginning in _WIDE:
        if beginning.match(head):
            raise ConfigurationError(
                source,
                f"it is text in {name}, and UTF-8 is read",
                f"convert it: iconv -f {name} -t UTF-8 FILE > NEW_FILE",
            )
