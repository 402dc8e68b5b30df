"""A CORD-19 release, read paper by paper: every paper ends in exactly one ``Outcome``.

rows:         read == documents read + merged + quarantined
parse files:  found == chosen + set_aside + quarantined + unreferenced, whatever the layout
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from jobs.corpus.cord19.layouts import METADATA, names_paper, paper_folder, parse_kind, stem
from jobs.corpus.cord19.metadata import Metadata, Paper, check_joined, survey
from jobs.corpus.cord19.paper_files import papers_with_files
from jobs.corpus.cord19.paper_id import check_paper_id
from jobs.corpus.cord19.parse import read_parse
from jobs.corpus.cord19.parse_choice import Candidate, compose
from jobs.corpus.cord19.release import Release, open_release
from jobs.corpus.documents.digest_set import DigestSet
from jobs.corpus.documents.document import Parse
from jobs.corpus.documents.format import Form
from jobs.corpus.documents.outcome import NO_TEXT, Outcome
from jobs.corpus.documents.quarantine import MalformedError, Quarantined
from jobs.corpus.documents.workspace import Workspace
from jobs.errors import MissingObjectError
from jobs.files.place import Place

_MOST_TABLES = 20
"""Names of tables that are not read that are told of, at most."""


class Cord19:
    """An opened release; a ``jobs.corpus.documents.outcome.OpenedCorpus``."""

    def __init__(self, release: Release, metadata: Metadata) -> None:
        self.release = release
        self.metadata = metadata
        self.source = metadata.source
        self.broken: Sequence[Quarantined] = metadata.quarantined
        self.refused: Sequence[Quarantined] = release.refused
        self.total: int | None = metadata.distinct
        self._chosen, self._set_aside, self._bad_files, self._missing_files = (DigestSet() for _ in range(4))
        self._without_text = 0

    def outcomes(self) -> Iterator[Outcome]:
        """One per paper, in metadata order. Holds one paper's parses in memory at a time."""
        for paper in papers_with_files(self.metadata, self.release.files):
            outcome = self._outcome(paper)
            self._note(outcome)
            yield outcome

    def estimate(self, done: int) -> int:
        return max(done, self.total or 0)

    def _note(self, outcome: Outcome) -> None:
        """Records what became of each file; two papers may name the same one."""
        if outcome.chosen:
            self._chosen.add(outcome.chosen)
        for path in outcome.set_aside:
            self._set_aside.add(path)
        for entry in outcome.quarantine:
            (self._bad_files if entry.file in self.release.files else self._missing_files).add(entry.file)

    @cached_property
    def _accounts(self) -> tuple[Counter[str], list[str]]:
        """Each file found is in the first of the classes that it could be in; and those that nothing has used."""
        classes = (("chosen", self._chosen), ("set_aside", self._set_aside), ("quarantined", self._bad_files))
        counts: Counter[str] = Counter()
        unreferenced: list[str] = []
        for path in self.release.files:
            name = next((name for name, members in classes if path in members), "unreferenced")
            counts[name] += 1
            if name == "unreferenced":
                unreferenced.append(path)
        return counts, unreferenced

    @property
    def unused_files(self) -> int:
        return len(self._accounts[1]) + self.release.others

    def counts(self) -> dict[str, Any]:
        metadata = self.metadata
        counts, _ = self._accounts
        return {
            "rows": {"read": metadata.rows, "merged": metadata.merged, "quarantined": len(metadata.quarantined)},
            "parse_files": {
                "found": counts.total(),
                **{name: counts[name] for name in ("chosen", "set_aside", "quarantined", "unreferenced")},
            },
            "missing_files": len(self._missing_files),
            "refused_members": len(self.refused),
            "ignored_files": self.release.leftovers,
            "other_texts": self.release.others,
            "paragraphs_without_text": self._without_text,
        }

    def tables(self) -> dict[str, Any]:
        release = self.release
        if not release.other_metadata:
            return {}
        return {"metadata": release.metadata_name, "metadata_not_read": list(release.other_metadata[:_MOST_TABLES])}

    def listings(self) -> dict[str, Sequence[str]]:
        return {"unreferenced_parses.txt": self._accounts[1]}  # parse files that no row of metadata.csv names

    def _outcome(self, paper: Paper) -> Outcome:
        candidates: list[Candidate] = []
        quarantine: list[Quarantined] = []
        malformed = False
        kinds: tuple[tuple[Parse, tuple[str, ...]], ...] = (("pmc_json", paper.pmc_json), ("pdf_json", paper.pdf_json))
        for kind, paths in kinds:
            for path in paths:
                try:
                    parsed = read_parse(self._read(path))
                    check_paper_id(path, parsed.paper_id)
                    candidates.append(Candidate(kind, path, parsed))
                except MissingObjectError:
                    quarantine.append(Quarantined(path, "no such file, though metadata.csv names it"))
                except MalformedError as error:
                    malformed = True
                    quarantine.append(Quarantined(path, error.reason, error.position))
        document, source = compose(paper, candidates)
        has_text = bool(document.abstract or document.body)
        # A parse that cannot be read is lost text, so it is no abstract-only paper. One that is not
        # there may never have been downloaded: then the abstract serves, if there is one.
        lost = not candidates and (malformed or (bool(quarantine) and not has_text))
        kept_from = "" if lost or not has_text else source.path if source else METADATA
        self._without_text += sum(candidate.parsed.without_text for candidate in candidates)
        entries = tuple(replace(entry, cord_uid=paper.cord_uid, kept_from=kept_from) for entry in quarantine)
        return Outcome(
            paper.cord_uid,
            document if has_text and not lost else None,
            dropped="" if has_text or lost else NO_TEXT,
            quarantine=entries,
            chosen=source.path if source else "",
            set_aside=tuple(c.path for c in candidates if c is not source),
            promised=bool(paper.pdf_json or paper.pmc_json),
        )

    def _read(self, path: str) -> bytes:
        if path in self.release.files:
            return self.release.files.get_bytes(path)
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts:
            raise MalformedError("the path leads out of the corpus directory")
        raise MissingObjectError(path, "there is no such object", "get the whole release")


def open_cord19(place: Place, form: Form, workspace: Workspace) -> Cord19:
    """Opens the release in ``place``, to be read before ``workspace`` is left.

    Without a metadata.csv, every JSON file is taken for a parse, and those of one name and folder, or of one SHA-1 or
    PMC id, for one paper.
    Raises ``ConfigurationError`` when it cannot be used.
    """
    release = open_release(place, form, workspace)
    table = release.metadata or _made_metadata(release, workspace.scratch)
    metadata = survey(table, release.source, workspace.telling(table.stat().st_size))
    check_joined(metadata.columns, release.files, release.source)
    return Cord19(release, metadata)


def _made_metadata(release: Release, scratch: Path) -> Path:
    """The metadata.csv that a folder of bare parses would have: cord_uid is the file's name, which is its paper_id.

    A SHA-1 or a PMC id says one thing in whatever folder. Another name that occurs in several folders, but for those of
    the kinds of parses, is of several papers: then cord_uid is the path ("2019/1").
    """
    folders: dict[str, str] = {}
    shared: set[str] = set()
    for parse in release.files:
        name = stem(parse)
        if not names_paper(name) and folders.setdefault(name, paper_folder(parse)) != paper_folder(parse):
            shared.add(name)
    path = scratch / "made-metadata.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("cord_uid", "pdf_json_files", "pmc_json_files"))
        for parse in release.files:
            pdf = parse_kind(parse) == "pdf_json"
            uid = paper_folder(parse) + stem(parse) if stem(parse) in shared else stem(parse)
            writer.writerow((uid, parse if pdf else "", "" if pdf else parse))
    return path
