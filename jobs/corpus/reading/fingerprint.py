"""The identity of a corpus. Light: the controller computes it when a step is submitted."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from jobs.corpus.cord19.listing import Listing, list_release
from jobs.corpus.documents.format import Form
from jobs.corpus.reading.detect_format import form_of, own_files
from jobs.files.identity import file_identity
from jobs.files.place import Place
from jobs.store import Store


def fingerprint(place: Place) -> str:
    """64 hex digits that follow what is in the corpus, not where it lies.

    * a directory: metadata.csv's bytes, and the path and size of every parse file. Reading the parses
      themselves (some 60 GB in the last release) would cost more than it protects.
    * a tar or zip: ``file_identity``, whatever its name.
    * text or JSONL of one's own: each file's path, from which ids are made, and its ``file_identity``.

    An edit that keeps a parse's size goes unseen, and ``--fresh`` is the way to ask for the work again.
    Raises ``ConfigurationError`` when it is no corpus.
    """
    form = form_of(place)
    if form in (Form.TAR, Form.ZIP):
        return file_identity(place.store, place.name)
    if form is Form.RELEASE:
        listing = list_release(place.store)
        with tempfile.TemporaryDirectory(prefix="covid-ctl-") as scratch:
            metadata = Path(scratch) / "metadata.csv"
            if listing.metadata:
                place.store.download(listing.metadata, metadata)
            return directory_identity(place.store, listing, metadata)
    sha256 = hashlib.sha256(form.encode())
    for info in own_files(place, form):
        sha256.update(f"\0{info.path}\0{file_identity(place.store, info.path)}".encode())
    return sha256.hexdigest()


def directory_identity(store: Store, listing: Listing, metadata: Path) -> str:
    """The fingerprint of an unpacked release; ``metadata`` is a copy of its metadata.csv, if it has one."""
    sha256 = hashlib.sha256()
    if listing.metadata:
        with metadata.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256")
    for info in (*listing.files, *listing.leftovers, *listing.others):
        # NUL cannot be in a path, so no two listings share one spelling.
        sha256.update(f"\0{info.path}\0{info.size}".encode())
    for info in listing.archives:
        sha256.update(f"\0{info.path}\0{file_identity(store, info.path)}".encode())
    return sha256.hexdigest()
