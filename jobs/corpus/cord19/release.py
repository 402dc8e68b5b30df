"""A CORD-19 release as people have it, opened: its parse files by path, whatever they are packed in.

* a directory is read in place; a zip too, once it is on this machine;
* a tar.gz, or tar.gz files in a directory, pass once through memory into a ``Spool``.

Scratch space: metadata.csv, the spool (about the archive's size) and a zip from a bucket.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Protocol

from jobs.corpus.cord19.layouts import (
    METADATA,
    choose_metadata,
    is_json,
    is_metadata,
    is_nested_archive,
    is_parse,
    root_of,
)
from jobs.corpus.cord19.listing import Listing, list_release
from jobs.corpus.cord19.spool import Spool
from jobs.corpus.documents.format import ACCEPTED, Form
from jobs.corpus.documents.quarantine import MalformedError, Quarantined
from jobs.corpus.documents.size_limit import MAX_DOCUMENT_BYTES
from jobs.corpus.documents.workspace import Workspace
from jobs.errors import ConfigurationError
from jobs.files.archive import Member, tar_members
from jobs.files.limits import Budget
from jobs.files.names import printable
from jobs.files.place import Place
from jobs.files.streams import Metered
from jobs.files.zips import ZIP_ERRORS, open_zip, zip_path
from jobs.store import Store


class ParseFiles(Protocol):
    """Where parse files are read from; ``KeyError`` and ``MalformedError`` for what cannot be."""

    def get_bytes(self, path: str) -> bytes: ...


@dataclass(frozen=True)
class Release:
    source: str
    """As errors call it."""
    metadata: Path | None
    """A local copy of metadata.csv; None for a release that has none."""
    files: Mapping[str, int]
    """Parse files, sorted: path relative to metadata.csv's folder -> size in bytes."""
    contents: ParseFiles
    root: str = ""
    refused: tuple[Quarantined, ...] = ()
    """Members that were not read."""
    listing: Listing | None = None
    """For a directory: what its identity is made of."""

    def get_bytes(self, path: str) -> bytes:
        """One of ``files``. Raises ``MalformedError`` for one that is too large or damaged."""
        size = self.files[path]
        if size > MAX_DOCUMENT_BYTES:
            raise MalformedError(f"{size:,} bytes, more than the {MAX_DOCUMENT_BYTES:,} that a parse may have")
        return self.contents.get_bytes(self.root + path)


def open_release(place: Place, form: Form, workspace: Workspace) -> Release:
    """Raises ``ConfigurationError`` for an archive that is truncated, damaged or a bomb."""
    match form:
        case Form.TAR:
            return _open_tar(place, workspace)
        case Form.ZIP:
            return _open_zip(place, workspace)
        case _:
            return _open_directory(place, workspace)


def _open_directory(place: Place, workspace: Workspace) -> Release:
    listing = list_release(place.store)
    if not listing.archives:
        path = workspace.scratch / METADATA
        if listing.metadata:
            place.store.download(listing.metadata, path)
        root = root_of(listing.metadata)
        return Release(
            f"{place.location.rstrip('/')}/{listing.metadata or METADATA}",
            path if listing.metadata else None,
            {file.path.removeprefix(root): file.size for file in listing.files},
            _StoreFiles(place.store),
            root,
            listing=listing,
        )
    intake = _Intake(workspace)
    total = sum(archive.size for archive in listing.archives)
    before = 0
    if listing.metadata:
        with place.store.open(listing.metadata) as file:
            intake.take(Member(listing.metadata, 0, file))
    for archive in listing.archives:
        source = f"{place.location.rstrip('/')}/{archive.path}"
        with place.store.open(archive.path) as file:
            tell = workspace.telling(total, before)
            budget = Budget(source, archive.size)
            intake.take_all(tar_members(file, source, budget, tell, inside=root_of(archive.path)))
        before += archive.size
    return replace(intake.release(place.location), listing=listing)


def _open_tar(place: Place, workspace: Workspace) -> Release:
    intake = _Intake(workspace)
    with place.store.open(place.name) as file:
        tell = workspace.telling(place.size)
        intake.take_all(
            tar_members(file, place.location, Budget(place.location, place.size), tell, nested=is_nested_archive)
        )
    return intake.release(place.location)


def _open_zip(place: Place, workspace: Workspace) -> Release:
    path = _local(place, workspace)
    archive = workspace.closing.enter_context(open_zip(path.open("rb"), place.location))
    intake = _Intake(workspace)
    members = _ZipFiles(archive)
    budget = Budget(place.location, path.stat().st_size)
    for info in archive.infolist():
        if info.is_dir():
            continue
        name, problem = zip_path(info)
        budget.spend(info.file_size)
        try:
            if not problem and (is_metadata(name) or is_nested_archive(name)):
                with archive.open(info) as file:
                    if is_metadata(name):
                        intake.take(Member(name, info.file_size, file))
                    else:
                        source = f"{place.location}: {name}"
                        intake.take_all(tar_members(file, source, budget, inside=root_of(name)))
            elif intake.admit(Member(name or printable(info.filename), info.file_size, None, problem)):
                members.add(name, info)
        except ZIP_ERRORS as error:
            reason = f"{name} cannot be unpacked ({error})"
            raise ConfigurationError(place.location, reason, "get it again and compare its checksum") from error
    return intake.release(place.location, members)


def _local(place: Place, workspace: Workspace) -> Path:
    """The file itself, or a copy of it from a bucket: a zip is read back and forth."""
    if "://" not in place.location:
        return Path(place.location).expanduser()
    copy = workspace.scratch / "release.zip"
    with place.store.open(place.name) as source, copy.open("wb") as target:
        shutil.copyfileobj(Metered(source, workspace.telling(place.size)), target, 1 << 20)
    return copy


class _StoreFiles:
    def __init__(self, store: Store) -> None:
        self._store = store

    def get_bytes(self, path: str) -> bytes:
        return self._store.get(path)


class _ZipFiles:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._members: dict[str, zipfile.ZipInfo] = {}

    def add(self, path: str, info: zipfile.ZipInfo) -> None:
        self._members[path] = info

    def get_bytes(self, path: str) -> bytes:
        try:
            # Reads no further than the size that the directory declares.
            return self._archive.read(self._members[path])
        except ZIP_ERRORS as error:
            raise MalformedError(f"it cannot be unpacked ({error})") from error


class _Intake:
    """Decides what of an archive's members is kept, and keeps it: the first of a name wins."""

    def __init__(self, workspace: Workspace) -> None:
        self._scratch = workspace.scratch
        self._spool = workspace.closing.enter_context(closing(Spool(workspace.scratch / "spool")))
        self._metadata: dict[str, Path] = {}
        self._elsewhere: dict[str, int] = {}
        self._refused: list[Quarantined] = []

    def take_all(self, members: Iterator[Member]) -> None:
        for member in members:
            self.take(member)

    def take(self, member: Member) -> None:
        if not self._is_news(member) or member.file is None:
            return
        if is_metadata(member.path):
            copy = self._metadata[member.path] = self._scratch / f"metadata-{len(self._metadata)}.csv"
            with copy.open("wb") as file:
                shutil.copyfileobj(member.file, file, 1 << 20)
        elif member.size > MAX_DOCUMENT_BYTES:
            self._spool.note(member.path, member.size)
        else:
            self._spool.put(member.path, member.file.read())

    def admit(self, member: Member) -> bool:
        """For members that stay where they are: whether this one is to be read."""
        news = self._is_news(member)
        if news:
            self._elsewhere[member.path] = member.size
        return news

    def _is_news(self, member: Member) -> bool:
        """Whether it is of use; where it is not but should be, notes why."""
        if member.problem:
            self._refused.append(Quarantined(member.path, f"a member of the archive is refused: {member.problem}"))
            return False
        if not (is_json(member.path) or is_metadata(member.path) or is_parse(member.path)):
            return False
        if any(member.path in seen for seen in (self._spool, self._metadata, self._elsewhere)):
            self._refused.append(Quarantined(member.path, "a second member of this name: the first is read"))
            return False
        return True

    def release(self, source: str, elsewhere: ParseFiles | None = None) -> Release:
        metadata = choose_metadata(self._metadata)
        root = root_of(metadata)
        files = _Parses((self._spool, self._elsewhere), root, is_parse if metadata else is_json)
        if not files and not metadata:
            raise ConfigurationError(source, *self._nothing_found())
        return Release(
            f"{source}: {metadata or METADATA}",
            self._metadata.get(metadata),
            files,
            _Either(self._spool, elsewhere),
            root,
            tuple(self._refused),
        )

    def _nothing_found(self) -> tuple[str, str]:
        """Why an archive without any file of use is refused, and what to do."""
        reason = "there is neither metadata.csv nor a JSON file in it"
        if not self._refused:
            return reason, ACCEPTED
        first = self._refused[0]
        reason += f" that may be read; {len(self._refused):,} members were refused, first {first.file}: {first.reason}"
        return (
            reason,
            "pack it again, from inside its directory (tar without -P): tar -C DIRECTORY -czf RELEASE.tar.gz .",
        )


class _Parses(Mapping[str, int]):
    """Those of an archive's files that are parses, sorted, by their path below ``root``: a view, as there are many."""

    def __init__(self, places: Sequence[Mapping[str, int]], root: str, is_wanted: Callable[[str], bool]) -> None:
        self._places = places
        self._root = root
        self._is_wanted = is_wanted

    def __getitem__(self, path: str) -> int:
        if self._is_wanted(path):
            for sizes in self._places:
                if (size := sizes.get(self._root + path)) is not None:
                    return size
        raise KeyError(path)

    def __iter__(self) -> Iterator[str]:
        return (path.removeprefix(self._root) for path in sorted(filter(self._is_inside, chain(*self._places))))

    def __len__(self) -> int:
        return sum(map(self._is_inside, chain(*self._places)))

    def _is_inside(self, path: str) -> bool:
        return path.startswith(self._root) and self._is_wanted(path.removeprefix(self._root))


@dataclass(frozen=True)
class _Either:
    spool: Spool
    elsewhere: ParseFiles | None

    def get_bytes(self, path: str) -> bytes:
        if self.elsewhere is None or path in self.spool:
            return self.spool.get_bytes(path)
        return self.elsewhere.get_bytes(path)
