"""Where this machine keeps what it can fetch or make again."""

from __future__ import annotations

import os
from pathlib import Path


def cache_directory() -> Path:
    """``$XDG_CACHE_HOME/covid-ctl``, by default below ``~/.cache``. Raises ``RuntimeError`` if there is no home."""
    return Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser() / "covid-ctl"
