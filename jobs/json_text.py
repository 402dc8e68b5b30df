"""Reads JSON that others wrote. Python's parser recurses: what is nested too deep is damaged, not a crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jobs.errors import ConfigurationError
from jobs.library_errors import in_our_words


def from_json(data: str | bytes) -> Any:
    """The value. Raises ``ValueError`` for what is no JSON, and for what is nested too deep."""
    try:
        return json.loads(data)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def mapping_in(file: Path, remedy: str) -> dict[str, Any]:
    """The JSON object in a file. Raises ``ConfigurationError``, with ``remedy``, where there is none."""
    try:
        found = from_json(file.read_bytes())
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            str(file), f"no configuration can be read from it ({in_our_words(error)})", remedy
        ) from error
    if not isinstance(found, dict):
        raise ConfigurationError(str(file), "not a configuration: its top level is no mapping", remedy)
    return found
