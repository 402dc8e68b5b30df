"""A checksum inside a JSON record: it is verified when it is read, as outputs are by their records. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from jobs.json_text import from_json
from jobs.spec import canonical

SEAL = "sha256_of_rest"
UNSEALED = "seconds"
"""A time that decides nothing, and the only thing in which two records of the same work differ."""


def sealed(record: Mapping[str, Any]) -> bytes:
    """The record as JSON with its checksum."""
    plain = from_json(canonical(record))
    text = json.dumps({**plain, SEAL: _checksum(plain)}, indent=1, sort_keys=True, ensure_ascii=False)
    return text.encode() + b"\n"


def is_intact(data: bytes) -> bool:
    """Whether a JSON record has the checksum that is in it; one without any has, too: an earlier version wrote it."""
    record = from_json(data)
    if not isinstance(record, dict):
        return True
    if SEAL in record:
        return bool(record[SEAL] == _checksum(record))
    return not any(_is_renamed_seal(record, name) for name in record)


def _is_renamed_seal(record: Mapping[str, Any], name: str) -> bool:
    """Whether the checksum is there under another name: the byte that was changed may be one of its name."""
    value = record[name]
    return isinstance(value, str) and value == _checksum({k: v for k, v in record.items() if k != name})


def _checksum(record: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical({k: v for k, v in record.items() if k not in (SEAL, UNSEALED)})).hexdigest()
