"""Sorts the members of a release's archives: the first of a name wins, and every file that is left out is noted."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import IO

from jobs.corpus.cord19.layouts import (
    choose_metadata,
    is_json,
    is_json_leftover,
    is_metadata,
    is_nested_archive,
    is_other_text,
    is_packed_metadata,
    is_table,
    is_zip_name,
    root_of,
)
from jobs.corpus.cord19.listing import refuse_packed_metadata
from jobs.corpus.cord19.parse_files import FilePlace, ParseFiles, ZipFiles
from jobs.corpus.cord19.refused_members import refuse_without_metadata, refuse_without_papers, refused_member
from jobs.corpus.cord19.spool import Spool
from jobs.corpus.documents.quarantine import Quarantined
from jobs.corpus.documents.size_limit import MAX_DOCUMENT_BYTES
from jobs.corpus.documents.workspace import Workspace
from jobs.errors import ConfigurationError
from jobs.files.archive import Member, tar_members
from jobs.files.limits import Budget
from jobs.files.metered import Tell
from jobs.files.names import printable
from jobs.files.packing import unread_packing
from jobs.files.zips import ZIP_ERRORS, open_zip, zip_path, zip_remedy

MOST_NESTED = 2
"""Archives around a file that are unpacked: CORD-19 packs its parses into an archive of an archive."""


class Intake:
    """A tar's files go to a ``Spool``; a zip's stay in it. ``unpacked`` are files that lie outside of any archive."""

    def __init__(self, workspace: Workspace, unpacked: Iterable[FilePlace] = ()) -> None:
        self._workspace = workspace
        self._spool = workspace.closing.enter_context(closing(Spool(workspace.scratch / "spool")))
        self._zips = ZipFiles()
        self._places: list[FilePlace] = [*unpacked, self._spool, self._zips]
        self._metadata: dict[str, Path] = {}
        self._packed_metadata: list[str] = []
        self.refused: list[Quarantined] = []
        self.leftovers = 0
        self.others = 0
        self._copies = 0

    def take_archive(
        self, file: IO[bytes], name: str, source: str, budget: Budget, tell: Tell | None = None, *, depth: int = 1
    ) -> None:
        """The archive called ``name``, a path from the corpus's top; empty for the corpus itself.

        Raises ``ConfigurationError`` for one that is truncated, damaged or a bomb.
        """
        if depth > MOST_NESTED:
            self._refuse(name, f"an archive in {MOST_NESTED} archives is not read: unpack the outer ones")
        elif is_zip_name(name):
            self._take_nested_zip(file, name, source, budget, tell, depth)
        else:
            for member in tar_members(file, source, budget, tell, inside=root_of(name)):
                self._take(member, source, budget, depth)

    def _take_nested_zip(
        self, file: IO[bytes], name: str, source: str, budget: Budget, tell: Tell | None, depth: int
    ) -> None:
        """Copies the zip first: reading it needs random access, which a member of an archive does not offer."""
        self._copies += 1
        copy = self._workspace.scratch / f"nested-{self._copies}.zip"
        with copy.open("wb") as target:
            done = 0
            while piece := file.read(1 << 20):
                target.write(piece)
                done += len(piece)
                if tell:
                    tell(done)
        self.take_zip(copy, source, budget, inside=root_of(name), depth=depth)

    def take_zip(self, path: Path, source: str, budget: Budget, *, inside: str = "", depth: int = 1) -> None:
        """The zip at ``path``, which is read until the workspace closes."""
        archive = self._workspace.closing.enter_context(open_zip(path.open("rb"), source))
        for info in archive.infolist():
            if info.is_dir():
                continue
            name, problem = zip_path(info)
            budget.spend(info.file_size)
            member = Member(inside + name if name else printable(info.filename), info.file_size, None, problem)
            try:
                self._take_zipped(archive, info, member, source, budget, depth)
            except ZIP_ERRORS as error:
                reason = f"{member.path} cannot be unpacked ({error})"
                raise ConfigurationError(source, reason, zip_remedy(error)) from error

    def _take_zipped(
        self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, member: Member, source: str, budget: Budget, depth: int
    ) -> None:
        if not member.problem and (is_metadata(member.path) or is_nested_archive(member.path)):
            with archive.open(info) as file:
                self._take(Member(member.path, member.size, file), source, budget, depth)
        elif self._is_news(member):
            self._zips.add(member.path, archive, info)

    def take_metadata(self, path: str, file: IO[bytes]) -> None:
        copy = self._metadata[path] = self._workspace.scratch / f"metadata-{len(self._metadata)}.csv"
        with copy.open("wb") as target:
            while piece := file.read(1 << 20):
                self._workspace.check_stop()
                target.write(piece)

    def _take(self, member: Member, source: str, budget: Budget, depth: int) -> None:
        if is_nested_archive(member.path) and not member.problem and member.file:
            self.take_archive(member.file, member.path, f"{source}: {member.path}", budget, depth=depth + 1)
        elif not self._is_news(member) or member.file is None:
            return
        elif is_metadata(member.path):
            self.take_metadata(member.path, member.file)
        elif member.size > MAX_DOCUMENT_BYTES:
            self._spool.note(member.path, member.size)
        else:
            self._spool.put(member.path, member.file.read())

    def _is_news(self, member: Member) -> bool:
        """Whether it is of use; where it is not but should be, notes why."""
        if member.problem:
            self.refused.append(refused_member(member.path, member.problem))
            return False
        self.leftovers += is_json_leftover(member.path)
        self.others += is_other_text(member.path)
        if is_packed_metadata(member.path) or (is_table(member.path) and not is_metadata(member.path)):
            self._packed_metadata.append(member.path)
        if not (is_json(member.path) or is_metadata(member.path)):
            kind, inside = unread_packing(member.path)
            if kind and (is_json(inside) or is_nested_archive(inside)):
                self._refuse(member.path, f"it is packed with {kind}, which is not read")
            return False
        if member.path in self._metadata or any(member.path in place for place in self._places):
            self._refuse(member.path, "a second member of this name: the first is read")
            return False
        return True

    def _refuse(self, path: str, reason: str) -> None:
        self.refused.append(Quarantined(path, reason))

    def other_metadata(self, chosen: str) -> tuple[str, ...]:
        """Tables named like a release's metadata that are not the ``chosen`` one."""
        return tuple(sorted(path for path in self._metadata if path != chosen))

    def finish(self, source: str) -> tuple[str, Path | None, ParseFiles]:
        """metadata.csv's path and its copy, where there is one, and all parse files.

        Raises ``ConfigurationError`` where there is neither, or several releases.
        """
        metadata = choose_metadata(self._metadata, source)
        files = ParseFiles(self._places, root_of(metadata))
        if not metadata:
            refuse_packed_metadata(self._packed_metadata, source)
        if files and not metadata:
            refuse_without_metadata(self.refused, source)
        if not files and not metadata:
            refuse_without_papers(self.refused, source)
        return metadata, self._metadata.get(metadata), files
