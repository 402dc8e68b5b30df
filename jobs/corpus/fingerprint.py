"""The identity of a corpus. Light: the controller computes it when a step is submitted."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable
from pathlib import Path

from jobs.errors import ConfigurationError, MissingObjectError
from jobs.store import ObjectInfo, Store

METADATA = "metadata.csv"
PARSES = "document_parses"


def fingerprint(store: Store) -> str:
    """64 hex digits over metadata.csv's bytes and the path and size of every file below document_parses/.

    Reading the parses themselves (some 60 GB in the last release) would cost more than it protects: an
    edit that keeps a file's size goes unseen, and ``--fresh`` is the way to ask for the work again.
    Raises ``ConfigurationError`` when there is no metadata.csv.
    """
    with tempfile.TemporaryDirectory(prefix="covid-ctl-") as scratch:
        metadata = Path(scratch) / METADATA
        try:
            store.download(METADATA, metadata)
        except MissingObjectError as error:
            raise ConfigurationError(
                f"{store.location.rstrip('/')}/{METADATA}",
                "there is no such file",
                f"give a CORD-19 directory: {METADATA} and {PARSES}/",
            ) from error
        return digest(metadata, store.objects(PARSES))


def digest(metadata: Path, parse_files: Iterable[ObjectInfo]) -> str:
    """The fingerprint of a corpus that is already opened; ``parse_files`` sorted by path."""
    with metadata.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256")
    for info in parse_files:
        # NUL cannot be in a path, so no two listings share one spelling.
        sha256.update(f"\0{info.path}\0{info.size}".encode())
    return sha256.hexdigest()
