"""Screens documents: the checks of one document, in their fixed order.

1. ``license``, 2. ``source``, 3. ``date``, 4. ``language:<code>``: the first that fails is the reason. Then, of
those that pass and over the whole corpus, 5. ``near_duplicate``: so that what was filtered out never
stands for its twin.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from jobs.corpus.documents.document import Document
from jobs.corpus.documents.guard import DocumentGuard
from jobs.corpus.screening.language import Language, language_of, sample
from jobs.corpus.screening.metadata_filters import filtered_out, sources_of
from jobs.corpus.screening.minhash import PERMUTATIONS, signature, word_hashes
from jobs.corpus.screening.near_duplicates import Signatures
from jobs.corpus.screening.signature_shards import SignatureShard
from jobs.recipe import Filters

UNCERTAIN = "uncertain"
"""The label in counts of a document whose language scores below ``language_score``; it is kept."""

QUARANTINED = "quarantined"
"""Why a document that failed is not trained on; counted by itself, not as dropped."""

UNKNOWN = "unknown"
"""The label in counts of an empty licence or source."""

LONGEST_LABEL = 100
"""Characters of a licence or source that is counted: manifests and reports name them, and a corpus may say anything."""

MOST_LABELS = 100
"""Licences that a shard's counts name, and sources: its most frequent. In 903 papers of CORD-19 are ten and eight."""

OTHER = "other"
"""The label of all others together. A label that is among them in some shards has a count that is too
low; sums are exact."""


AT_ONCE = 128
"""Documents whose language is identified in one batch: the model then stays in the processor's cache, at half the
cost."""


class _Waiting(NamedTuple):
    """A document of whose text a sample and the signature are left."""

    cord_uid: str
    sample: str
    reason: str
    from_pmc: bool
    words: int
    signature: bytes


class Screening:
    """Takes a shard's documents one by one; keeps 256 bytes of each, and of a few a kilobyte more."""

    def __init__(self, filters: Filters, guard: DocumentGuard | None = None) -> None:
        self._filters = filters
        self._guard = guard or DocumentGuard()
        self._waiting: list[_Waiting] = []
        self._dropped: dict[str, str] = {}
        self._cord_uids: list[str] = []
        self._from_pmc: list[bool] = []
        self._words: list[int] = []
        self._signatures: list[bytes] = []
        self._languages: Counter[str] = Counter()
        self._licenses: Counter[str] = Counter()
        self._sources: Counter[str] = Counter()

    def add(self, document: Document) -> None:
        waiting = self._guard.run(document, self._signed)
        if waiting is None:
            self._dropped[document.cord_uid] = QUARANTINED
            return
        self._licenses[_label(document.license)] += 1
        self._sources.update(map(_label, sources_of(document)))
        self._waiting.append(waiting)
        if len(self._waiting) == AT_ONCE:
            self._judge()

    def _signed(self, document: Document) -> _Waiting:
        texts = document.texts
        reason = filtered_out(document, self._filters)
        words = word_hashes(() if reason else texts)
        from_pmc, signed = document.parse == "pmc_json", signature(words).tobytes()
        return _Waiting(document.cord_uid, sample(texts), reason, from_pmc, len(words), signed)

    def _judge(self) -> None:
        """Judges the waiting documents, in order."""
        for document in self._waiting:
            language = language_of(document.sample)
            certain = language.score >= self._filters.language_score
            self._languages[language.code if certain else UNCERTAIN] += 1
            if reason := document.reason or self._foreign(language, certain):
                self._dropped[document.cord_uid] = reason
                continue
            self._cord_uids.append(document.cord_uid)
            self._from_pmc.append(document.from_pmc)
            self._words.append(document.words)
            self._signatures.append(document.signature)
        self._waiting.clear()

    def _foreign(self, language: Language, certain: bool) -> str:
        wanted = self._filters.languages
        return f"language:{language.code}" if wanted and certain and language.code not in wanted else ""

    def shard(self) -> SignatureShard:
        self._judge()
        return SignatureShard(
            self._dropped,
            Signatures(
                self._cord_uids,
                np.array(self._from_pmc, np.bool_),
                np.array(self._words, np.uint32),
                np.frombuffer(b"".join(self._signatures), np.uint16).reshape(-1, PERMUTATIONS),
            ),
        )

    def counts(self) -> dict[str, Any]:
        """``documents``: read == kept + sum(dropped) + quarantined.

        ``sources`` may add up to more: a paper can have several.
        """
        self._judge()
        return {
            "documents": {
                "read": len(self._dropped) + len(self._cord_uids),
                "kept": len(self._cord_uids),
                "dropped": _sorted(Counter(reason for reason in self._dropped.values() if reason != QUARANTINED)),
                "quarantined": len(self._guard.quarantined),
            },
            "languages": _sorted(self._languages),
            "licenses": most_frequent_labels(self._licenses),
            "sources": most_frequent_labels(self._sources),
        }


def most_frequent_labels(counts: Mapping[str, int]) -> dict[str, int]:
    """The ``MOST_LABELS`` most frequent, of equals the first by name, and the sum of the rest as ``OTHER``."""
    ranked = sorted(counts.keys() - {OTHER}, key=lambda label: (-counts[label], label))
    named = {label: counts[label] for label in ranked[:MOST_LABELS]}
    rest = sum(counts.values()) - sum(named.values())
    return dict(sorted({**named, **({OTHER: rest} if rest else {})}.items()))


def _label(text: str) -> str:
    return text[:LONGEST_LABEL] or UNKNOWN


def _sorted(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items()))
