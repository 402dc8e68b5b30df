"""The formats a corpus can have."""

from __future__ import annotations

from enum import StrEnum

ACCEPTED = (
    "give a CORD-19 directory (metadata.csv, document_parses/), its tar.gz or zip; or a .jsonl (or .jsonl.gz) or "
    ".txt file of your own, or a directory of such files"
)


class Form(StrEnum):
    RELEASE = "release"
    """A directory with CORD-19 in it, possibly as archives."""
    TAR = "tar"
    """Gzipped or not."""
    ZIP = "zip"
    JSONL = "jsonl"
    TEXT = "text"
