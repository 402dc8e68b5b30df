"""The covid-ctl that wrote a record, so that a published model can name the code that made it. Light."""

from __future__ import annotations

import functools
import subprocess
from importlib import metadata, resources
from pathlib import Path

COMMIT_FILE = "commit.txt"
"""Images have the commit in this file of the package ``jobs``."""
_PATIENCE = 5.0


@functools.cache
def this_software() -> dict[str, str]:
    """``version`` and, where it is known, ``commit``; a commit with changes on top ends in ``-dirty``."""
    commit = _commit()
    return {"version": _version(), **({"commit": commit} if commit else {})}


def _version() -> str:
    try:
        return metadata.version("covid-ctl")
    except metadata.PackageNotFoundError:
        return "unknown"


def _commit() -> str:
    package = Path(str(resources.files("jobs")))
    try:
        return (package / COMMIT_FILE).read_text("ascii").strip()
    except (OSError, ValueError):
        pass
    if not (package.parent / ".git").exists():
        return ""
    # The tree may hold anything: what a record says besides its outputs must not fail a step.
    command = ("git", "-C", str(package.parent), "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
