"""A CORD-19 release as people have it, opened: its parse files by path, whatever they are packed in.

* a directory is read in place; a zip too, once it is on this machine;
* a tar, gzipped or not, passes once through memory into a ``Spool``; so do archives in a directory or archive.

Scratch space: metadata.csv, the spool (about the archive's size) and a zip that is in a bucket or an archive.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from jobs.corpus.cord19.intake import Intake
from jobs.corpus.cord19.layouts import METADATA
from jobs.corpus.cord19.listing import Listing, list_release
from jobs.corpus.cord19.parse_files import ParseFiles, StoreFiles
from jobs.corpus.documents.format import Form
from jobs.corpus.documents.quarantine import Quarantined
from jobs.corpus.documents.workspace import Workspace
from jobs.errors import ConfigurationError
from jobs.files.digest import digest_of
from jobs.files.limits import Budget
from jobs.files.metered import Metered
from jobs.files.place import Place


@dataclass(frozen=True)
class Release:
    source: str
    """The name that errors use."""
    metadata: Path | None
    """A local copy of metadata.csv; None for a release that has none."""
    files: ParseFiles
    refused: tuple[Quarantined, ...] = ()
    """Files of an archive that were not read."""
    leftovers: int = 0
    """Files that are named like parses and are none."""
    others: int = 0
    """Files that may hold full texts, in a form that is not read."""
    metadata_name: str = ""
    """Its path in the release; empty where it has none."""
    other_metadata: tuple[str, ...] = ()
    """Tables of such a name that are not read."""
    listing: Listing | None = None
    """For a directory: what its identity is made of."""


def open_release(place: Place, form: Form, workspace: Workspace) -> Release:
    """Raises ``ConfigurationError`` for an archive that is truncated, damaged or a bomb, and for one without papers."""
    if form is Form.RELEASE:
        return _open_directory(place, workspace)
    intake = Intake(workspace)
    if form is Form.ZIP:
        path = _local(place, workspace)
        workspace.digests.append(digest_of(path, place.name))
        intake.take_zip(path, place.location, Budget(place.location, path.stat().st_size))
    else:
        budget = Budget(place.location, place.size)
        with place.store.open(place.name) as opened, workspace.digesting(place.name, opened) as file:
            intake.take_archive(file, "", place.location, budget, workspace.telling(place.size))
    metadata, copy, files = intake.finish(place.location)
    source = f"{place.location}: {metadata or METADATA}"
    others = intake.other_metadata(metadata)
    return Release(source, copy, files, tuple(intake.refused), intake.leftovers, intake.others, metadata, others)


def _open_directory(place: Place, workspace: Workspace) -> Release:
    listing = list_release(place.store)
    source = place.location.rstrip("/")
    if not (listing.metadata or listing.files or listing.archives):
        raise ConfigurationError(
            f"{source}/{METADATA}",
            "there is no such file",
            "give a CORD-19 directory: metadata.csv and document_parses/",
        )
    intake = Intake(workspace, [StoreFiles(place.store, listing.files)])
    if listing.metadata:
        with place.store.open(listing.metadata) as opened, workspace.digesting(listing.metadata, opened) as file:
            intake.take_metadata(listing.metadata, file)
    total = sum(archive.size for archive in listing.archives)
    before = 0
    for archive in listing.archives:
        name = f"{source}/{archive.path}"
        with place.store.open(archive.path) as opened, workspace.digesting(archive.path, opened) as file:
            budget, tell = Budget(name, archive.size), workspace.telling(total, before)
            intake.take_archive(file, archive.path, name, budget, tell)
        before += archive.size
    metadata, copy, files = intake.finish(place.location)
    return Release(
        f"{source}/{metadata or METADATA}",
        copy,
        files,
        tuple(intake.refused),
        intake.leftovers + len(listing.leftovers),
        intake.others + len(listing.others),
        metadata,
        tuple(sorted({*listing.other_metadata, *intake.other_metadata(metadata)} - {metadata})),
        listing,
    )


def _local(place: Place, workspace: Workspace) -> Path:
    """The file itself, or a copy of it from a bucket: a zip is read back and forth."""
    if "://" not in place.location:
        return Path(place.location).expanduser()
    copy = workspace.scratch / "release.zip"
    with place.store.open(place.name) as source, copy.open("wb") as target:
        shutil.copyfileobj(Metered(source, workspace.telling(place.size)), target, 1 << 20)
    return copy
