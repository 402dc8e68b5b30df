"""What obstore raises, as our errors: which of it is an outage, and what to do about the rest."""

from __future__ import annotations

import os

from obstore.exceptions import PermissionDeniedError, UnauthenticatedError

from jobs.errors import CovidCtlError, MissingObjectError, StoreError, StoreUnreachableError
from jobs.library_errors import in_our_words, status_of

REPEAT = "the same command continues it once the bucket answers"
_PASSING = {408, 429}
"""Statuses below 500 that another try may turn."""
_NO_LINKS = ("os error 1)", "os error 38)", "os error 95)")
"""EPERM, ENOSYS and EOPNOTSUPP: how file systems without hard links refuse one."""


class CutError(Exception):
    """An answer that is shorter than it says."""


def translated(bucket: str, path: str, error: Exception, *, creating: bool = False) -> CovidCtlError:
    """The error to raise in place of ``error``; ``StoreUnreachableError`` where trying again may help.

    ``creating`` says that the request was to create an object unless it exists.
    """
    thing = f"{bucket.rstrip('/')}/{path}"
    if "<Code>NoSuchBucket</Code>" in str(error):
        # Else it would pass for an object that is not there, and a misspelt bucket for an empty one.
        root = "/".join(bucket.split("/")[:3])
        return StoreError(
            root, "there is no such bucket", f"check its name, or make it: gcloud storage buckets create {root}"
        )
    if isinstance(error, FileNotFoundError):
        return MissingObjectError(
            thing, "there is no such object", "check the path, or run the step that writes it again"
        )
    raw, reason, status = _first_line(error), in_our_words(error), status_of(error)
    if isinstance(error, UnauthenticatedError) or status == 401 or _lacks_identity(raw):
        return StoreError(thing, "no Google credentials found", "gcloud auth application-default login")
    if creating and any(end in raw for end in _NO_LINKS):
        return StoreError(
            thing,
            f"its file system has no hard links, and without them nothing can be created exactly once ({reason})",
            "use a directory on a local disk, or gs://BUCKET/PREFIX",
        )
    if isinstance(error, PermissionDeniedError | PermissionError) or status == 403:
        return StoreError(thing, f"permission denied{_why(reason)}", "check who has access there")
    if "://" in bucket and (status is None or status >= 500 or status in _PASSING):
        return StoreUnreachableError(thing, reason, REPEAT)
    return StoreError(thing, reason, "check the bucket's free space and your access, then repeat")


def _first_line(error: Exception) -> str:
    """obstore appends a many-line debug dump to its messages: only the first says something."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _why(reason: str) -> str:
    """What the bucket says of it, where that is more than the same again."""
    return "" if reason.startswith("permission denied") else f" ({reason})"


def _lacks_identity(reason: str) -> bool:
    """Where there are no credentials obstore ends by asking the metadata server, which only Google's machines have.

    In a pod it is there, but may lag the pod's start.
    """
    return "/computeMetadata/" in reason and "KUBERNETES_SERVICE_HOST" not in os.environ
