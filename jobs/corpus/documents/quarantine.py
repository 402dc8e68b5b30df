"""Records what could not be read, and where exactly: nothing malformed disappears without an entry."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

LONGEST_REASON = 300
"""Characters: a reason may name what was found, and that may be of any length."""


class MalformedError(Exception):
    """Input that is not what its format says; becomes a ``Quarantined`` entry and goes no further."""

    def __init__(self, reason: str, position: str = "") -> None:
        reason = reason if len(reason) <= LONGEST_REASON else f"{reason[:LONGEST_REASON]} ..."
        super().__init__(reason, position)
        self.reason = reason
        self.position = position


def not_json(data: bytes, error: json.JSONDecodeError) -> MalformedError:
    """Says where. orjson reports bad UTF-8 without its place, and places in characters."""
    try:
        text = data.decode()
    except UnicodeDecodeError as undecodable:
        return MalformedError("not UTF-8", f"byte {undecodable.start}")
    position = f"byte {len(text[: error.pos].encode())}"
    return MalformedError(f"not JSON ({error.msg})" if data else "not JSON (the file is empty)", position)


@dataclass(frozen=True)
class Quarantined:
    file: str
    """Relative to the corpus."""
    reason: str
    position: str = ""
    """``line 12`` of metadata.csv or ``byte 345`` of a parse; empty where the whole file is meant."""
    cord_uid: str = ""
    kept_from: str = ""
    """The file that the document's text was taken from instead; empty when the document is lost."""

    def to_json_line(self) -> bytes:
        import orjson  # a container's dependency: the controller surveys metadata without it

        return orjson.dumps(asdict(self), option=orjson.OPT_APPEND_NEWLINE)
