"""Locates a corpus: a directory or a single file, in a bucket or on this machine. Light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from jobs.errors import ConfigurationError
from jobs.store import DELIMITER, Store


@dataclass(frozen=True)
class Place:
    location: str
    """The name that errors use."""
    store: Store
    name: str = ""
    """The file in ``store`` that is the corpus; empty when the corpus is all of ``store``."""
    directory: Path | None = None
    """The same on this machine, when it is a directory."""

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.store.size(self.name)


def locate(location: str) -> Place:
    """Finds ``gs://...`` or a path. Raises ``ConfigurationError`` when nothing is there."""
    if "://" in location:
        scheme, _, rest = location.rstrip(DELIMITER).partition("://")
        parent, slash, name = rest.rpartition(DELIMITER)
        if slash:
            above = Store(f"{scheme}://{parent}", create=False)
            if above.exists(name):
                return Place(location, above, name)
        return Place(location, Store(location, create=False))
    path = Path(location).expanduser().absolute()
    if path.is_file():
        return Place(location, Store(str(path.parent), create=False), path.name)
    if not path.is_dir():
        reason = "neither a directory nor a file" if path.exists() else "no such directory or file"
        raise ConfigurationError(location, reason, "check the path")
    return Place(location, Store(location, create=False), directory=path)
