"""Exact duplicates: the same text under another cord_uid."""

from __future__ import annotations

import hashlib
import re

import numpy as np

from jobs.corpus.documents.digest_set import DigestSet
from jobs.corpus.documents.document import Document
from jobs.corpus.screening.letters import folded_letters
from jobs.corpus.screening.native import library
from jobs.native import address, joined

DUPLICATE = "duplicate"
_OTHERS = re.compile(r"[\W_]+")


def identity(document: Document) -> bytes:
    """16 bytes that two documents share when their letters and digits do, whatever case, blanks and punctuation."""
    encoded = joined(document.texts)
    kept = np.empty(2 * len(encoded), np.uint8)  # a folded character may take a byte more
    count = library.keep_letters(encoded, len(encoded), address(folded_letters()), address(kept))
    letters = kept[:count].data if count >= 0 else _OTHERS.sub("", "\n".join(document.texts).casefold()).encode()
    return hashlib.blake2b(letters, digest_size=16).digest()


class ExactDuplicates:
    """Remembers what it has seen. The first in order is the original."""

    def __init__(self) -> None:
        self._seen = DigestSet()

    def seen_before(self, document: Document) -> bool:
        """Whether an earlier document has this one's text; remembers it in any case."""
        return not self._seen.add(identity(document))
