"""Full texts that a corpus promises, and how many of them were found: a release whose files do not lie where its
metadata says must not become a corpus of abstracts in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from jobs.corpus.documents.quarantine import Quarantined
from jobs.errors import ConfigurationError

MIN_SHARE = 0.5
"""The share of papers with a promised full text whose full text must be found."""


@dataclass
class FullTexts:
    source: str
    min_share: float = MIN_SHARE
    documents: int = 0
    promised: int = 0
    found: int = 0
    """Among those promised."""

    def note(self, promised: bool, found: bool) -> None:
        """One paper, whatever becomes of it."""
        self.documents += 1
        self.promised += promised
        self.found += promised and found

    def check(self, unused: int, refused: Sequence[Quarantined] = ()) -> None:
        """Raises ``ConfigurationError`` where too many full texts are missing; ``unused`` are files no paper names, and
        ``refused`` members of an archive."""
        expected = self.promised or (self.documents if unused else 0)
        if self.found >= self.min_share * expected:
            return
        why = "names a parse file of" if self.promised else "has, and names a parse file of none"
        lost = (
            f", and {len(refused):,} members refused, first {refused[0].file}: {refused[0].reason}" if refused else ""
        )
        raise ConfigurationError(
            self.source,
            f"full text of {self.found:,} of {expected:,} papers that metadata.csv {why}; "
            f"{unused:,} files that may hold them were found and not used{lost}",
            "give the metadata.csv and the parse files of one release, or allow it: "
            "--set corpus.min_full_text_share=SHARE (0: abstracts alone will do)",
        )
