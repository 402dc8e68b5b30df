"""Opens what a bucket's name stands for: ``gs://BUCKET/PREFIX``, a directory, or a test server in a bucket's place."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, ObjectStore, from_url

from jobs.errors import ConfigurationError, StoreError
from jobs.library_errors import in_our_words
from jobs.patience import Patience

EMULATOR = "STORAGE_EMULATOR_HOST"
"""Environment variable: a test server that ``gs://`` stands for, as Google's own clients have it."""


_GOOGLE_BUCKET = re.compile(r"[a-z0-9](?:[-_.a-z0-9]*[a-z0-9])?")
SCHEMES = ("gs", "file", "memory")


def open_store(location: str, *, create: bool, patience: Patience) -> tuple[Path | None, ObjectStore]:
    """The store, and the directory that is to be made before the first write if there is none yet."""
    remedy = "name a bucket as gs://BUCKET/PREFIX or as a directory"
    if not location:
        raise ConfigurationError("bucket", "its name is empty", remedy)
    if "://" in location:
        scheme = location.partition("://")[0]
        if scheme not in SCHEMES:
            raise ConfigurationError(location, f"buckets of {scheme}:// are not supported", remedy)
        name = location.split("/")[2]
        if scheme == "gs" and name and not _GOOGLE_BUCKET.fullmatch(name):
            reason = f"{name} is not a valid bucket name: lower-case letters, digits, '-', '_' and '.'"
            raise ConfigurationError(location, reason, remedy)
        try:
            return None, connect(location, patience)
        except (BaseError, ValueError) as error:
            raise ConfigurationError(location, "it names no bucket", remedy) from error
    path = Path(location).expanduser().absolute()
    # In this order: another process may make it meanwhile.
    if (path.exists() or path.is_symlink()) and not path.is_dir():
        raise ConfigurationError(location, "not a directory", remedy)
    if path.is_dir():
        return None, LocalStore(path)
    if not create:
        raise ConfigurationError(location, "no such directory", "check the path")
    return path, MemoryStore()


def emulator_url() -> str:
    """The server that ``gs://`` stands for; empty, Google's own."""
    host = os.environ.get(EMULATOR, "")
    return host if not host or "://" in host else f"http://{host}"


def connect(location: str, patience: Patience, retries: int = 0) -> ObjectStore:
    url = emulator_url() if location.startswith("gs://") else ""
    limits = {"timeout": timedelta(seconds=patience.request_seconds), "connect_timeout": timedelta(seconds=10)}
    # ``Store`` repeats requests itself: obstore does not repeat all, and would not tell that a creation was repeated.
    repeat = {"max_retries": retries, "retry_timeout": timedelta(seconds=patience.seconds)}
    if url:
        client = {**limits, "allow_http": True}
        return from_url(location, base_url=url, bearer_token="none", client_options=client, retry_config=repeat)  # type: ignore[call-overload,no-any-return]
    return from_url(location, client_options=limits, retry_config=repeat)  # type: ignore[call-overload,no-any-return]


def make_directory(path: Path) -> ObjectStore:
    try:
        return LocalStore(path, mkdir=True)
    except (BaseError, OSError, ValueError) as error:
        raise StoreError(
            str(path), f"it cannot be made ({in_our_words(error)})", "choose a directory that you may write to"
        ) from error
