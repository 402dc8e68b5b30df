"""Filters by what metadata.csv says of a paper: its licence, its source and its date."""

from __future__ import annotations

import re
from collections.abc import Collection

from jobs.corpus.documents.document import Document
from jobs.recipe import Filters

LICENSE = "license"
SOURCE = "source"
DATE = "date"

_ISO = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_YEAR = re.compile(r"(?<!\d)(?:1[5-9]|20)\d{2}(?!\d)")


def filtered_out(document: Document, filters: Filters) -> str:
    """Why the document is dropped, the first reason of license, source and date; empty when it is not."""
    if filters.licenses and not _among([document.license], filters.licenses):
        return LICENSE
    if filters.sources and not _among(sources_of(document), filters.sources):
        return SOURCE
    if not _in_time(document.publish_time, filters.published_from, filters.published_until):
        return DATE
    return ""


def sources_of(document: Document) -> list[str]:
    """A document's sources: metadata.csv has several as ``Elsevier; Medline; PMC``."""
    return [source.strip() for source in document.source.split(";")]


def _among(values: Collection[str], wanted: Collection[str]) -> bool:
    # Releases differ in case (MedRxiv, medrxiv), so case does not count.
    return not {value.casefold() for value in values}.isdisjoint(name.casefold() for name in wanted)


def _in_time(published: str, earliest: str | None, latest: str | None) -> bool:
    """Whether some day that ``published`` can mean lies between the two, both included.

    A bound may be a year, a month or a day and means all of it. Where there is a bound, a paper without
    a date that can be read is outside.
    """
    if earliest is None and latest is None:
        return True
    first, last = _span(published)
    return (
        bool(first)
        and (earliest is None or last >= _span(earliest)[0])
        and (latest is None or first <= _span(latest)[1])
    )


def _span(date: str) -> tuple[str, str]:
    """The first and the last day that a date can mean, as comparable text; empty where it has no year.

    ``2020-03-16``, ``2020-03`` and ``2020`` are exact. Of other spellings (``2020 Mar 16``, ``03-16-2020``)
    only the year is taken: which is the day and which the month cannot be told.
    """
    exact = _ISO.fullmatch(date.strip())
    if exact:
        year, month, day = exact.groups()
    elif found := _YEAR.search(date):
        year, month, day = found[0], None, None
    else:
        return "", ""
    return f"{year}-{month or '01'}-{day or '01'}", f"{year}-{month or '12'}-{day or '31'}"
