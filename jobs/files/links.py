"""A directory that is read as a corpus holds all that it shows: no link leads out of it, or round in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from jobs.errors import ConfigurationError
from jobs.files.names import printable
from jobs.library_errors import in_our_words


def check_links(directory: Path, location: str) -> None:
    """Looks at every name below ``directory``; links are not followed.

    Raises ``ConfigurationError`` about ``location`` for a link that leads out of the directory, to nothing or to a
    folder that it lies in, and for a name that is not UTF-8 or has a control character: the store's listing would
    follow the first, pass the second over in silence and break off at the others.
    """
    root = os.path.realpath(directory)
    below = len(root.rstrip(os.sep)) + 1
    for entry in _entries(root):
        name = printable(entry.path[below:])
        if name != entry.path[below:]:
            raise ConfigurationError(location, f"{name}: a name that cannot be read", "rename it, or move it away")
        if not entry.is_symlink():
            if not (entry.is_file() or entry.is_dir()):
                reason = f"{name} is a pipe, a socket or a device"
                raise ConfigurationError(location, reason, "remove it, or put a file there")
            continue
        target = os.path.realpath(entry.path)
        if not Path(target).exists():
            reason = f"{name} is a link that leads to nothing ({printable(str(Path(entry.path).readlink()))})"
            raise ConfigurationError(location, reason, "remove it, or put there what it should lead to")
        if target != root and not target.startswith(root + os.sep):
            reason = f"{name} is a link that leads out of it, to {printable(target)}"
            remedy = (
                "put the files themselves there (cp -RL copies what links lead to), or name the directory they lie in"
            )
            raise ConfigurationError(location, reason, remedy)
        if entry.path.startswith(target + os.sep) or target == root:
            raise ConfigurationError(location, f"{name} is a link to a folder that it lies in", "remove it")


def _entries(directory: str) -> Iterator[os.DirEntry[str]]:
    """Everything below, in any order."""
    waiting = [directory]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(folder) as found:
                for entry in found:
                    yield entry
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(entry.path)
        except FileNotFoundError:
            continue  # removed meanwhile
        except OSError as error:
            reason = f"it cannot be read ({in_our_words(error)})"
            raise ConfigurationError(printable(folder), reason, "check its permissions, or move it away") from error
