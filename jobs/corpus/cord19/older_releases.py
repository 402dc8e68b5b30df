"""Releases before May 2020: metadata.csv names no files, and at first no papers either.

A paper's parses are found by their names instead: its SHA-1s and its PMC id. ``has_full_text`` (the first
releases), ``has_pdf_parse`` and ``has_pmc_xml_parse`` promise them, ``full_text_file`` names their folder.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from jobs.corpus.cord19.file_index import FileIndex
from jobs.corpus.cord19.layouts import parse_kind


@dataclass(frozen=True)
class Names:
    """The names by which a paper's parses are found, and which of them must exist."""

    pdf: tuple[str, ...] = ()
    pmc: tuple[str, ...] = ()
    promised: frozenset[str] = frozenset()
    """``pdf_json``, ``pmc_json``, or ``any`` of the two."""
    folder: str = ""


NO_NAMES = Names()
_SEPARATOR = re.compile("[;,]")


def parse_names(fields: Mapping[str, str]) -> Names:
    """A row's names: ``sha`` may hold several, ``; `` between them."""
    promises = {"has_pdf_parse": "pdf_json", "has_pmc_xml_parse": "pmc_json", "has_full_text": "any"}
    pmcid = fields.get("pmcid", "").strip()
    pmcid = f"PMC{pmcid}" if pmcid.isdigit() else pmcid
    return Names(
        pdf=tuple(dict.fromkeys(name for part in _SEPARATOR.split(fields.get("sha", "")) if (name := part.strip()))),
        pmc=(pmcid,) if pmcid else (),
        promised=frozenset(
            kind for column, kind in promises.items() if fields.get(column, "").strip().lower() == "true"
        ),
        folder=fields.get("full_text_file", "").strip(),
    )


def made_uid(fields: Mapping[str, str]) -> str:
    """An id for a row of a release without cord_uid: its first SHA-1, else DOI, PMC id, PubMed id, else of its title.

    Empty for a row that has none of these.
    """
    names = parse_names(fields)
    for name in (*names.pdf[:1], *(fields.get(column, "") for column in ("doi", "pmcid", "pubmed_id"))):
        if uid := " ".join(name.split()):
            return uid
    title = " ".join(fields.get("title", "").casefold().split())
    return f"title-{hashlib.blake2b(title.encode(), digest_size=8).hexdigest()}" if title else ""


def find_parses(names: Names, files: FileIndex) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The paths of a paper's pdf_json and pmc_json; one that is promised but not there gets a made-up path."""
    pdf = [path for name in names.pdf for path in files.called(name) if parse_kind(path) == "pdf_json"]
    pmc = [path for name in names.pmc for path in files.called(name) if parse_kind(path) == "pmc_json"]
    folder = f"{names.folder}/" if names.folder else ""
    if not pdf and ("pdf_json" in names.promised or ("any" in names.promised and not pmc)):
        pdf = [f"{folder}pdf_json/{name}.json" for name in names.pdf]
    if not pmc and "pmc_json" in names.promised:
        pmc = [f"{folder}pmc_json/{name}.xml.json" for name in names.pmc]
    return tuple(dict.fromkeys(pdf)), tuple(dict.fromkeys(pmc))
