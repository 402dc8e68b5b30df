"""Forecasts how even a corpus's shards will be, from the sizes of its files alone. Light."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from jobs.corpus.cord19.layouts import METADATA, choose_metadata, is_json, relative_to, root_of
from jobs.corpus.cord19.listing import list_release
from jobs.corpus.cord19.metadata import Metadata, survey
from jobs.corpus.cord19.paper_files import papers_with_files
from jobs.corpus.cord19.refused_members import refuse_without_metadata, refused_member
from jobs.corpus.documents.balance import Spread
from jobs.corpus.documents.format import Form
from jobs.corpus.documents.size_limit import MAX_DOCUMENT_BYTES
from jobs.corpus.reading.detect_format import form_of
from jobs.errors import ConfigurationError
from jobs.files.limits import Budget
from jobs.files.place import Place
from jobs.files.zips import ZIP_ERRORS, open_zip, zip_path, zip_remedy

PDF_TEXT = 0.22
PMC_TEXT = 0.30
"""The share of a parse file that is body text: the mean of 439 pdf_json and of 10 pmc_json files of CORD-19.
The other bytes are bibliography, spans and indentation. From file to file it is half to twice as much."""


def forecast(place: Place, shards: int, scratch: Path) -> Spread | None:
    """Forecasts what ``ingest`` will write, by its own rule. None where nothing lists the documents' sizes: a tar, a
    release without metadata.csv, files of one's own.

    Reads metadata.csv, which it copies to ``scratch``. Raises ``ConfigurationError`` for one that cannot be used,
    and for a zip that is damaged or a bomb.
    """
    path = scratch / METADATA
    match form_of(place):
        case Form.RELEASE:
            metadata, files = _listed_directory(place, path)
        case Form.ZIP:
            metadata, files = _listed_zip(place, path)
        case _:
            return None
    if not metadata or not files:
        return None
    source = f"{place.location.rstrip('/')}: {metadata}"
    return Spread.over(shards, document_sizes(survey(path, source), files))


def document_sizes(metadata: Metadata, files: Mapping[str, int]) -> Iterator[int]:
    """About how many bytes of text each document has, in metadata's order.

    ``files``: path as metadata.csv has it -> bytes. Papers without abstract and parse are no documents, and
    a parse that is too large is none.
    """
    files = {path: size for path, size in files.items() if size <= MAX_DOCUMENT_BYTES}
    for paper in papers_with_files(metadata, files):
        pmc, pdf = (
            max((files.get(path, 0) for path in paths), default=0) for paths in (paper.pmc_json, paper.pdf_json)
        )
        body = round(PMC_TEXT * pmc if pmc else PDF_TEXT * pdf)
        if body or paper.abstract:
            yield body + len(paper.title.encode()) + len(paper.abstract.encode())


def _listed_directory(place: Place, copy: Path) -> tuple[str, dict[str, int]]:
    listing = list_release(place.store)
    root = root_of(listing.metadata)
    if listing.metadata:
        place.store.download(listing.metadata, copy)
    return listing.metadata, {relative_to(root, file.path): file.size for file in listing.files}


def _listed_zip(place: Place, copy: Path) -> tuple[str, dict[str, int]]:
    try:
        with open_zip(place.store.open(place.name), place.location) as archive:
            budget = Budget(place.location, place.size)
            members: dict[str, zipfile.ZipInfo] = {}
            refused = []
            for info in archive.infolist():
                budget.spend(info.file_size)
                path, problem = zip_path(info)
                if problem:
                    refused.append(refused_member(path, problem))
                else:
                    members.setdefault(path, info)
            metadata = choose_metadata(members, place.location)
            if not metadata:
                refuse_without_metadata(refused, place.location)
            root = root_of(metadata)
            if metadata:
                with archive.open(members[metadata]) as packed, copy.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked, 1 << 20)
            return metadata, {relative_to(root, p): info.file_size for p, info in members.items() if is_json(p)}
    except (*ZIP_ERRORS, OSError) as error:
        reason = f"truncated or damaged: the zip cannot be listed, or its metadata.csv not unpacked ({error})"
        raise ConfigurationError(place.location, reason, zip_remedy(error)) from error
