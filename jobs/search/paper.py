"""What search knows of one paper: the columns of the embedded documents' Parquet files."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """One row. Empty strings and year 0 mean that the corpus does not say."""

    cord_uid: str = ""
    title: str = ""
    abstract: str = ""
    year: int = 0
    journal: str = ""
    license: str = ""
    source: str = ""
    doi: str = ""
    url: str = ""

    @property
    def link(self) -> str:
        """Where to read it: the DOI's resolver, else the first address that the corpus gives; https and http only."""
        if self.doi:
            return f"https://doi.org/{self.doi}"
        first = self.url.split(";")[0].strip()
        return first if first.startswith(("https://", "http://")) else ""


COLUMNS = tuple(Paper.__dataclass_fields__)


@dataclass(frozen=True)
class Filters:
    """Which papers a search may find; a field that is None allows all."""

    year_from: int | None = None
    year_until: int | None = None
    """Both years are included; with a bound, papers without a year are left out."""
    license: str | None = None
    source: str | None = None
    """One of the sources that a paper names, such as ``PMC`` of ``Medline; PMC``."""

    @property
    def any(self) -> bool:
        return self != EVERYTHING


EVERYTHING = Filters()


def sources_of(source: str) -> list[str]:
    """``Medline; PMC`` as its parts, lower-cased: filters compare without regard to case."""
    return [part.strip().lower() for part in source.split(";") if part.strip()]
