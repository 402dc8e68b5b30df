"""Documents of one sentence, of which no pair of sentences that follow each other can be made."""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.corpus.documents.document import Document
from jobs.errors import ConfigurationError

MAX_SHARE = 0.5
FEWEST = 20
"""Documents from which on the share of a corpus says something."""

_BREAK = re.compile(r"[.!?:;。！？][\"'”’)\]]*\s+\S|[。！？]\S")


def is_single_sentence(document: Document) -> bool:
    """Judged roughly: one paragraph, in which nothing that could end a sentence is followed by more."""
    paragraphs = (*document.abstract, *document.body)
    return len(paragraphs) == 1 and not _BREAK.search(paragraphs[0].text)


@dataclass
class SingleSentences:
    source: str
    max_share: float = MAX_SHARE
    documents: int = 0
    single: int = 0

    def note(self, document: Document) -> None:
        self.documents += 1
        self.single += is_single_sentence(document)

    def check(self) -> None:
        """Raises ``ConfigurationError`` where most documents are a single sentence."""
        if self.documents < FEWEST or self.single <= self.max_share * self.documents:
            return
        raise ConfigurationError(
            self.source,
            f"{self.single:,} of {self.documents:,} documents are a single sentence each, more than the "
            f"{self.max_share:.0%} allowed: no sentence of theirs has a next one "
            "(in plain text, a blank line ends a document)",
            "leave a blank line only between documents, or allow it: --set corpus.max_single_sentence_share=1",
        )
