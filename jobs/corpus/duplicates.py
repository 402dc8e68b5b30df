"""Exact duplicates: the same text under another cord_uid."""

from __future__ import annotations

import hashlib
import re

from jobs.corpus.document import Document

DUPLICATE = "duplicate"
_ASCII_OTHERS = bytes(code for code in range(128) if not chr(code).isalnum())
_NEITHER_LETTER_NOR_DIGIT = re.compile(r"[\W_]+")


def identity(document: Document) -> bytes:
    """16 bytes that two documents share when their letters and digits do, whatever case, blanks and punctuation."""
    digest = hashlib.blake2b(digest_size=16)
    for text in document.texts:
        # In UTF-8, ASCII stands for itself: most of what goes is found by looking at bytes.
        kept = text.casefold().encode().translate(None, _ASCII_OTHERS)
        digest.update(kept if kept.isascii() else _NEITHER_LETTER_NOR_DIGIT.sub("", kept.decode()).encode())
    return digest.digest()


class Duplicates:
    """Remembers what it has seen: 16 bytes a document. The first in order is the original."""

    def __init__(self) -> None:
        self._seen: set[bytes] = set()

    def seen_before(self, document: Document) -> bool:
        """Whether an earlier document has this one's text; remembers it in any case."""
        key = identity(document)
        if key in self._seen:
            return True
        self._seen.add(key)
        return False
