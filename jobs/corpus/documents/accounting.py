"""Every document accounted for: read == kept + sum(dropped) + quarantined."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from jobs.corpus.documents.document import Document
from jobs.corpus.documents.outcome import Outcome
from jobs.corpus.documents.quarantine import Quarantined
from jobs.errors import ConfigurationError


class Accounting:
    """Counts outcomes, and says when too many of them are malformed.

    ``broken`` are documents that are lost before reading begins (a row that cannot be read is a document
    that cannot be read). Where ``total`` is not known, the share is judged by ``counts``, at the end.
    """

    def __init__(
        self, source: str, max_quarantined_share: float, total: int | None, broken: Sequence[Quarantined] = ()
    ) -> None:
        self._source = source
        self._share = max_quarantined_share
        self._total = None if total is None else total + len(broken)
        self._dropped: Counter[str] = Counter()
        self._parses = Counter({"pmc_json": 0, "pdf_json": 0, "none": 0})
        self._quarantined = 0
        self._broken = len(broken)
        self._first: list[Quarantined] = list(broken[:3])
        if self._total is not None:
            self._check(self._total)

    def keep(self, document: Document) -> None:
        self._parses[document.parse or "none"] += 1

    def drop(self, reason: str) -> None:
        self._dropped[reason] += 1

    def quarantine(self, outcome: Outcome) -> None:
        """Counts a lost document. Raises ``ConfigurationError`` when these become too many."""
        self._quarantined += 1
        self._first = (self._first + list(outcome.quarantine))[:3]
        if self._total is not None:
            self._check(self._total)

    def counts(self) -> dict[str, Any]:
        """Raises ``ConfigurationError`` when too many documents were lost."""
        kept = sum(self._parses.values())
        dropped = dict(sorted(self._dropped.items()))
        read = kept + sum(dropped.values()) + self._quarantined
        self._check(read + self._broken)
        return {
            "documents": {"read": read, "kept": kept, "dropped": dropped, "quarantined": self._quarantined},
            "parses": dict(self._parses),
            # Of the documents kept.
            "full_texts": self._parses["pmc_json"] + self._parses["pdf_json"],
        }

    def _check(self, total: int) -> None:
        lost = self._quarantined + self._broken
        if lost <= self._share * total:
            return
        shown = "; ".join(
            f"{entry.file}{f' {entry.position}' if entry.position else ''}: {entry.reason}" for entry in self._first
        )
        other_encoding = all(entry.reason.startswith("not UTF-8") for entry in self._first)
        convert = "convert it, as by iconv -f LATIN1 -t UTF-8 FILE > NEW_FILE; or " if other_encoding else ""
        raise ConfigurationError(
            self._source,
            f"{lost} of {total} documents are malformed, more than the {self._share:.0%} allowed; first {shown}",
            f"{convert}see quarantine.jsonl and repair the corpus, or allow more: "
            "--set corpus.max_quarantined_share=SHARE",
        )
