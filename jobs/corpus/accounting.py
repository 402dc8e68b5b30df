"""Every row, every document and every parse file accounted for.

rows:         read == documents read + merged + quarantined
documents:    read == kept + sum(dropped) + quarantined
parse files:  found == chosen + set_aside + quarantined + unreferenced
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from jobs.corpus.cord19 import Outcome
from jobs.corpus.document import Document
from jobs.corpus.metadata import Metadata
from jobs.corpus.quarantine import Quarantined
from jobs.errors import ConfigurationError


class Accounting:
    """Counts outcomes, and says when too many of them are malformed."""

    def __init__(self, metadata: Metadata, max_quarantined_share: float) -> None:
        self._source = metadata.source
        self._rows = {"read": metadata.rows, "merged": metadata.merged, "quarantined": len(metadata.quarantined)}
        self._total = len(metadata.rows_of) + len(metadata.quarantined)
        self._limit = max_quarantined_share * self._total
        self._share = max_quarantined_share
        self._dropped: Counter[str] = Counter()
        self._parses = Counter({"pmc_json": 0, "pdf_json": 0, "none": 0})
        self._quarantined = 0
        self._chosen: set[str] = set()
        self._set_aside: set[str] = set()
        self._bad_files: set[str] = set()
        self._first: list[Quarantined] = list(metadata.quarantined[:3])
        self._check()

    def keep(self, document: Document) -> None:
        self._parses[document.parse or "none"] += 1

    def drop(self, reason: str) -> None:
        self._dropped[reason] += 1

    def quarantine(self, outcome: Outcome) -> None:
        """Counts a lost document. Raises ``ConfigurationError`` when these become too many."""
        self._quarantined += 1
        self._first = (self._first + list(outcome.quarantine))[:3]
        self._check()

    def files(self, outcome: Outcome) -> None:
        """Notes what became of a paper's parse files; two papers may name the same one."""
        self._chosen.update([outcome.chosen] if outcome.chosen else [])
        self._set_aside.update(outcome.set_aside)
        self._bad_files.update(entry.file for entry in outcome.quarantine)

    def counts(self, found: Iterable[str], unreferenced: int) -> dict[str, Any]:
        """``found``: the paths of all parse files there are; ``unreferenced``: those no row names."""
        paths = set(found)
        kept = sum(self._parses.values())
        dropped = dict(sorted(self._dropped.items()))
        return {
            "rows": self._rows,
            "documents": {
                "read": kept + sum(dropped.values()) + self._quarantined,
                "kept": kept,
                "dropped": dropped,
                "quarantined": self._quarantined,
            },
            "parses": dict(self._parses),
            "full_texts": self._parses["pmc_json"] + self._parses["pdf_json"],
            "parse_files": {
                "found": len(paths),
                "chosen": len(self._chosen),
                "set_aside": len(self._set_aside - self._chosen),
                "quarantined": len(self._bad_files & paths),
                "unreferenced": unreferenced,
            },
            "missing_files": len(self._bad_files - paths),
        }

    def _check(self) -> None:
        """A row that cannot be read is a document that cannot be read, so both count."""
        lost = self._quarantined + self._rows["quarantined"]
        if lost <= self._limit:
            return
        shown = "; ".join(
            f"{entry.file}{f' {entry.position}' if entry.position else ''}: {entry.reason}" for entry in self._first
        )
        raise ConfigurationError(
            self._source,
            f"{lost} of {self._total} documents are malformed, more than the {self._share:.0%} allowed; first {shown}",
            "repair the corpus, or allow more with --set corpus.max_quarantined_share=SHARE",
        )
