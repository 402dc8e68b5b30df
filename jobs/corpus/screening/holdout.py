"""Chooses the documents that are held out for evaluation: by cord_uid, before anything is copied or masked."""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Collection

from jobs.errors import ConfigurationError


def held_out(cord_uids: Collection[str], share: float) -> list[str]:
    """The ``max(1, round(share * n))`` uids of smallest blake2b, sorted.

    A uid's rank does not depend on the others, so a corpus that grows keeps most of its choice.
    Raises ``ConfigurationError`` for fewer than two documents: one must be held out, one must remain.
    """
    if len(cord_uids) < 2:
        raise ConfigurationError(
            "corpus",
            f"{len(cord_uids)} of its documents can be used; it takes two, because one must be held out",
            "give a corpus with more papers, and see quarantine.jsonl for what could not be read",
        )
    count = min(max(1, round(share * len(cord_uids))), len(cord_uids) - 1)
    return sorted(heapq.nsmallest(count, cord_uids, key=lambda uid: hashlib.blake2b(uid.encode()).digest()))
