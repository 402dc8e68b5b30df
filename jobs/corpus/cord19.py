"""A CORD-19 directory, read paper by paper: every paper ends in exactly one ``Outcome``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from jobs.corpus.choice import Candidate, compose
from jobs.corpus.document import Document, Parse
from jobs.corpus.fingerprint import METADATA, PARSES
from jobs.corpus.metadata import Metadata, Paper, survey
from jobs.corpus.parse import read_parse
from jobs.corpus.quarantine import MalformedError, Quarantined
from jobs.errors import ConfigurationError, MissingObjectError
from jobs.store import ObjectInfo, Store

NO_TEXT = "no_text"
"""Neither abstract nor body: a title alone makes no sentence pair."""


@dataclass(frozen=True)
class Outcome:
    """What became of one paper: ``document``, or why it was ``dropped``, or neither: it is quarantined."""

    cord_uid: str
    document: Document | None = None
    dropped: str = ""
    quarantine: tuple[Quarantined, ...] = ()
    """Its files that could not be read, also where the document was kept from another."""
    chosen: str = ""
    """The parse file that its body is taken from."""
    set_aside: tuple[str, ...] = ()
    """Its readable parse files besides the chosen one."""


@dataclass(frozen=True)
class Cord19:
    """An opened corpus."""

    store: Store
    metadata: Metadata
    parse_files: tuple[ObjectInfo, ...]
    """Everything below document_parses/, sorted by path."""

    def unreferenced(self) -> list[str]:
        """Parse files that no row of metadata.csv names."""
        named = {_normal(path) for path in self.metadata.named_files}
        return [file.path for file in self.parse_files if file.path not in named]

    def outcomes(self) -> Iterator[Outcome]:
        """One per paper, in metadata order. Holds one paper's parses in memory at a time."""
        sizes = {file.path: file.size for file in self.parse_files}
        for paper in self.metadata.papers():
            yield self._outcome(paper, sizes)

    def _outcome(self, paper: Paper, sizes: Mapping[str, int]) -> Outcome:
        candidates: list[Candidate] = []
        quarantine: list[Quarantined] = []
        malformed = False
        kinds: tuple[tuple[Parse, tuple[str, ...]], ...] = (("pmc_json", paper.pmc_json), ("pdf_json", paper.pdf_json))
        for kind, paths in kinds:
            for path in paths:
                try:
                    candidates.append(Candidate(kind, path, read_parse(self._read(path, sizes))))
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
        entries = tuple(replace(entry, cord_uid=paper.cord_uid, kept_from=kept_from) for entry in quarantine)
        return Outcome(
            paper.cord_uid,
            document if has_text and not lost else None,
            dropped="" if has_text or lost else NO_TEXT,
            quarantine=entries,
            chosen=_normal(source.path) if source else "",
            set_aside=tuple(_normal(c.path) for c in candidates if c is not source),
        )

    def _read(self, path: str, sizes: Mapping[str, int]) -> bytes:
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts:
            raise MalformedError("the path leads out of the corpus directory")
        normal = _normal(path)
        if normal not in sizes:
            raise MissingObjectError(path, "there is no such object")
        return self.store.get(normal)


def open_cord19(store: Store, scratch: Path) -> Cord19:
    """Opens the corpus in ``store``; metadata.csv is copied into ``scratch``.

    Raises ``ConfigurationError`` when there is no metadata.csv or it cannot be used.
    """
    source = f"{store.location.rstrip('/')}/{METADATA}"
    path = scratch / METADATA
    try:
        store.download(METADATA, path)
    except MissingObjectError as error:
        raise ConfigurationError(
            source, "there is no such file", "give a CORD-19 directory: metadata.csv and document_parses/"
        ) from error
    metadata = survey(path, source)
    parse_files = tuple(store.objects(PARSES))
    if parse_files and not metadata.has_parse_columns:
        raise ConfigurationError(
            source,
            f"no column pdf_json_files or pmc_json_files, so {len(parse_files):,} files of {PARSES} are lost",
            "give a release from May 2020 or later",
        )
    return Cord19(store, metadata, parse_files)


def _normal(path: str) -> str:
    return str(PurePosixPath(path))
