"""What filters can ask for: the licences, sources and years that an index has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from jobs.search.paper import Filters, Paper

MOST = 30
"""Values of each kind that are kept: the most frequent."""


@dataclass(frozen=True)
class Facets:
    """Papers by value, the most frequent first."""

    licenses: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)
    years: Sequence[int] = ()
    """The first and the last year; empty where no paper has one."""

    def near_misses(self, filters: Filters) -> list[str]:
        """For a search that found nothing: what there is in place of a filter's value that no paper has."""
        return [*self._other_years(filters), *self._other_values(filters)]

    def _other_years(self, filters: Filters) -> Iterator[str]:
        if self.years and (filters.year_from or filters.year_until):
            first, last = self.years
            if (filters.year_from or first) > last or (filters.year_until or last) < first:
                yield f"no paper is of those years; there are {first} to {last}"

    def _other_values(self, filters: Filters) -> list[str]:
        asked = (("licence", filters.license, self.licenses), ("source", filters.source, self.sources))
        return [
            f"no paper has the {name} {value}; there are {_listed(known)}"
            for name, value, known in asked
            if value and value.strip().lower() not in map(str.lower, known) and len(known) < MOST
        ]


@dataclass
class FacetsCounter:
    licenses: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    years: set[int] = field(default_factory=set)

    def add(self, paper: Paper) -> None:
        self.licenses.update([paper.license] if paper.license else [])
        self.years.update([paper.year] if paper.year else [])
        self.sources.update(part.strip() for part in paper.source.split(";") if part.strip())

    def facets(self) -> Facets:
        years = (min(self.years), max(self.years)) if self.years else ()
        return Facets(_most(self.licenses), _most(self.sources), years)


def _most(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:MOST])


def _listed(known: Mapping[str, int]) -> str:
    return ", ".join(f"{value} ({count:,})" for value, count in known.items()) or "none"
