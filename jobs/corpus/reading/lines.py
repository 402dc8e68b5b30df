"""Lines of a user's own files, and what ids of their documents are made of. Light."""

from __future__ import annotations

from dataclasses import dataclass

_ENDINGS = (".gz", ".jsonl", ".ndjson", ".txt")
_MAYBE_BLANK = frozenset((*range(0x1C, 0x20), *(ord(blank.encode()[:1]) for blank in "\x85\u1680\u2000\u3000")))
"""First bytes of white space that ``bytes.strip`` leaves; the others of its kind begin as these."""


@dataclass(frozen=True)
class Line:
    number: int
    """From 1."""
    data: bytes
    """Including the line end."""
    size: int
    """In bytes; larger than ``data`` for a line that is too long to be kept."""

    @property
    def is_blank(self) -> bool:
        """Whether it has nothing but white space, also beyond ASCII (a no-break space), as ``str.strip`` tells it."""
        rest = self.data.strip()
        if self.size != len(self.data) or (rest and rest[0] not in _MAYBE_BLANK):
            return False
        return not rest.decode(errors="replace").strip()


def base_name(path: str) -> str:
    """``notes/a`` of ``notes/a.jsonl.gz``: what ids are made of."""
    for ending in _ENDINGS:
        if path.lower().endswith(ending):
            path = path[: -len(ending)]
    return path
