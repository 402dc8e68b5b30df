"""CORD-19's metadata.csv: which papers there are, and which parse files belong to each."""

from __future__ import annotations

import io
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sized
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple, cast

from jobs.corpus.cord19.csv_records import Record, read_records
from jobs.corpus.cord19.layouts import METADATA
from jobs.corpus.cord19.older_releases import NO_NAMES, Names, made_uid, parse_names
from jobs.corpus.documents.digest_set import DigestSet
from jobs.corpus.documents.quarantine import Quarantined
from jobs.errors import ConfigurationError
from jobs.files.metered import Metered, Tell
from jobs.files.wide_text import refuse_wide_text

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SEPARATOR = re.compile(r"[;,|\n]")
"""``; `` in every release; the others are spreadsheets' and scripts'."""


@dataclass(frozen=True)
class Paper:
    """One paper as metadata.csv has it: a row, or several rows of one cord_uid merged."""

    cord_uid: str
    title: str = ""
    abstract: str = ""
    license: str = ""
    publish_time: str = ""
    source: str = ""
    journal: str = ""
    doi: str = ""
    url: str = ""
    pdf_json: tuple[str, ...] = ()
    pmc_json: tuple[str, ...] = ()
    """Parse files as written there, relative to the corpus."""
    names: Names = NO_NAMES
    """By what its files are found where metadata names none."""


_TEXTS = ("title", "abstract", "license", "publish_time", "journal", "doi", "url")
"""Fields of which the first value counts that is not empty."""


@dataclass(frozen=True)
class Metadata:
    """The result of one pass over metadata.csv; ``papers()`` streams the papers themselves.

    Memory grows with the number of papers, never with their text, and little: the last release has a million rows
    and 1.6 GB.
    """

    path: Path
    source: str
    rows: int
    distinct: int
    """Papers: cord_uids of good rows."""
    repeated: frozenset[str]
    """Those of several rows."""
    quarantined: tuple[Quarantined, ...]
    columns: tuple[str, ...]
    tell: Tell | None = None
    """Called while it is read before the first paper."""

    @property
    def has_parse_columns(self) -> bool:
        return _has_parse_columns(self.columns)

    @property
    def merged(self) -> int:
        """Rows that add to a paper which an earlier row began."""
        return self.rows - len(self.quarantined) - self.distinct

    def papers(self) -> Iterator[Paper]:
        """Every paper, at the place of its first row."""
        added = self._added() if self.repeated else {}
        for row in self._good_rows():
            if row.cord_uid not in self.repeated:
                yield row.paper()
            elif row.cord_uid in added:
                yield merge([row.paper(), *added.pop(row.cord_uid)])

    def _added(self) -> dict[str, list[Paper]]:
        """What later rows add to each repeated paper: no text that an earlier row has, so that a table and a copy of it
        in one file take no memory for their texts."""
        added: dict[str, list[Paper]] = {}
        filled: dict[str, int] = {}
        """The texts that a paper has, as bits."""
        seen: set[int] = set()
        for row in self._good_rows(self.tell):
            uid = row.cord_uid
            if uid not in self.repeated:
                continue
            paper, before = row.paper(), filled.get(uid, 0)
            known: dict[str, Any] = {name: "" for bit, name in enumerate(_TEXTS) if before >> bit & 1}
            paper = replace(paper, **known)
            new = sum(bool(getattr(paper, name)) << bit for bit, name in enumerate(_TEXTS))
            rest = hash((uid, paper.source, paper.pdf_json, paper.pmc_json, paper.names))
            if uid not in added:
                added[uid] = []
            elif new or rest not in seen:
                added[uid].append(paper)
            filled[uid] = before | new
            seen.add(rest)
        return added

    def _good_rows(self, tell: Tell | None = None) -> Iterator[_Row]:
        return (row for row in _rows(self.path, self.source, tell) if isinstance(row, _Row))


class _Row(NamedTuple):
    """A row that can be read; most of it is, when its paper is asked for."""

    cord_uid: str
    fields: Mapping[str, str]

    def paper(self) -> Paper:
        return _paper(self.cord_uid, self.fields)


def survey(path: Path, source: str, tell: Tell | None = None) -> Metadata:
    """Reads the whole of a metadata.csv at ``path`` once; ``source`` is what errors call it, and ``tell`` hears of it.

    Raises ``ConfigurationError`` for a file without header, or with neither ``cord_uid`` nor ``sha``, or with a quote
    never closed.
    """
    seen = DigestSet()
    rows = 0
    repeated: set[str] = set()
    quarantined: list[Quarantined] = []
    for row in _rows(path, source, tell):
        rows += 1
        if isinstance(row, Quarantined):
            quarantined.append(row)
        elif not seen.add(row.cord_uid):
            repeated.add(row.cord_uid)
    with path.open("rb") as file:
        columns = read_columns(file, source)
    return Metadata(
        path=path,
        source=source,
        rows=rows,
        distinct=len(seen),
        repeated=frozenset(repeated),
        quarantined=tuple(quarantined),
        columns=columns,
        tell=tell,
    )


def read_columns(file: IO[bytes], source: str) -> tuple[str, ...]:
    """The names of a metadata.csv's columns. Raises ``ConfigurationError`` for one that cannot be used."""
    opened = io.BufferedReader(cast("io.RawIOBase", file))
    try:
        refuse_wide_text(opened.peek(16), source)
        return _columns(next(read_records(opened, source), None), source)
    finally:
        opened.detach()  # whoever opened it closes it


def check_joined(columns: Collection[str], files: Sized, source: str) -> None:
    """Raises ``ConfigurationError`` where no column says which of the parse ``files`` are of which paper."""
    if files and not _has_parse_columns(columns) and not _can_join(columns):
        raise ConfigurationError(
            source,
            f"no column pdf_json_files, pmc_json_files, sha or pmcid, so {len(files):,} parse files are lost",
            "give the metadata.csv of the same release",
        )


def merge(rows: Iterable[Paper]) -> Paper:
    """One paper of rows that share a cord_uid: the first value that is not empty wins, files unite in order."""
    papers = list(rows)
    return Paper(
        cord_uid=papers[0].cord_uid,
        source="; ".join(
            dict.fromkeys(source for p in papers for part in p.source.split(";") if (source := part.strip()))
        ),
        pdf_json=tuple(dict.fromkeys(file for paper in papers for file in paper.pdf_json)),
        pmc_json=tuple(dict.fromkeys(file for paper in papers for file in paper.pmc_json)),
        names=Names(
            pdf=tuple(dict.fromkeys(name for paper in papers for name in paper.names.pdf)),
            pmc=tuple(dict.fromkeys(name for paper in papers for name in paper.names.pmc)),
            promised=frozenset(kind for paper in papers for kind in paper.names.promised),
            folder=next((paper.names.folder for paper in papers if paper.names.folder), ""),
        ),
        **{name: next((text for paper in papers if (text := getattr(paper, name))), "") for name in _TEXTS},
    )


def _rows(path: Path, source: str, tell: Tell | None = None) -> Iterator[_Row | Quarantined]:
    with path.open("rb") as opened:
        file = io.BufferedReader(Metered(opened, tell), _PIECE)
        refuse_wide_text(file.peek(16), source)
        records = read_records(file, source)
        columns = _columns(next(records, None), source)
        for record in records:
            problem = record.problem
            if not problem:
                fields = dict(zip(columns, record.fields, strict=True))
                cord_uid = _field(fields, "cord_uid") if _has_uid(columns) else made_uid(fields)
                if cord_uid and not _CONTROL.search(cord_uid):
                    yield _Row(cord_uid, fields)
                    continue
                problem = "a control character in its cord_uid" if cord_uid else _NO_UID[_has_uid(columns)]
            yield Quarantined(METADATA, problem, f"line {record.line}")


_PIECE = 1 << 20
_NO_UID = {True: "no cord_uid", False: "nothing to make a cord_uid of: no sha, doi, pmcid, pubmed_id or title"}


def _has_uid(columns: Collection[str]) -> bool:
    return "cord_uid" in columns


def _has_parse_columns(columns: Collection[str]) -> bool:
    return "pdf_json_files" in columns or "pmc_json_files" in columns


def _can_join(columns: Collection[str]) -> bool:
    """Whether a row says by which names its parses are found."""
    return "sha" in columns or "pmcid" in columns


def _columns(header: Record | None, source: str) -> tuple[str, ...]:
    remedy = "give a CORD-19 directory: metadata.csv (in UTF-8, a line for each row) and document_parses/"
    if header is None:
        raise ConfigurationError(source, "it is empty", remedy)
    if header.problem:
        raise ConfigurationError(f"{source}, line {header.line}", header.problem, remedy)
    columns = tuple(name.strip().lower() for name in header.fields)
    if "cord_uid" not in columns and "sha" not in columns:
        reason = f"it has neither column cord_uid nor sha; its columns are {', '.join(columns)[:300]}"
        raise ConfigurationError(source, reason, remedy)
    for name in sorted(_READ.intersection(columns)):
        if columns.count(name) > 1:
            raise ConfigurationError(source, f"it has several columns {name}", "leave one of them")
    return columns


_READ = frozenset(("cord_uid", "title", "abstract", "license", "publish_time", "source_x", "journal", "doi", "url"))
_READ |= {"sha", "pmcid", "pdf_json_files", "pmc_json_files"}
_NOTHING = frozenset(("nan", "NaN", "None", "null", "NULL", "<NA>"))
"""How programs write a field that is empty."""


def _file_name(text: str) -> str:
    """Without the brackets and quotes of a Python list, and with the slashes of this system."""
    return text.strip(" \t\r[]'\"").replace("\\", "/")


def _field(fields: Mapping[str, str], name: str) -> str:
    value = fields.get(name, "").strip()
    return "" if value in _NOTHING else value


def _paper(cord_uid: str, fields: Mapping[str, str]) -> Paper:
    field = partial(_field, fields)

    def files(name: str) -> tuple[str, ...]:
        text = field(name)
        return (
            tuple(dict.fromkeys(file for part in _SEPARATOR.split(text) if (file := _file_name(part)))) if text else ()
        )

    pdf_json, pmc_json = files("pdf_json_files"), files("pmc_json_files")
    names = NO_NAMES
    if not _has_parse_columns(fields):
        names = parse_names(fields)
    elif not (pdf_json or pmc_json):
        names = parse_names({"sha": field("sha")})
    return Paper(
        cord_uid=cord_uid,
        title=field("title"),
        abstract=field("abstract"),
        license=field("license"),
        publish_time=field("publish_time"),
        source=field("source_x"),
        journal=field("journal"),
        doi=field("doi"),
        url=field("url"),
        pdf_json=pdf_json,
        pmc_json=pmc_json,
        names=names,
    )
