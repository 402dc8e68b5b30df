"""The result of screening one shard: the documents dropped and why, and the signatures of the others.

One line of JSON, then the columns ``words`` (uint32), ``from_pmc`` (one byte) and ``signatures`` (uint16),
little-endian: 261 bytes a document and its cord_uid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import orjson

from jobs.corpus.screening.minhash import PERMUTATIONS
from jobs.corpus.screening.near_duplicates import Signatures


@dataclass(frozen=True)
class SignatureShard:
    dropped: Mapping[str, str]
    """cord_uid -> why the filters dropped it."""
    passed: Signatures

    def to_bytes(self) -> bytes:
        """Equal shards give equal bytes."""
        header = orjson.dumps({"dropped": dict(self.dropped), "passed": list(self.passed.cord_uids)})
        columns = (
            self.passed.words.astype("<u4").tobytes(),
            self.passed.from_pmc.astype("u1").tobytes(),
            self.passed.signatures.astype("<u2").tobytes(),
        )
        return b"".join([header, b"\n", *columns])

    @classmethod
    def from_bytes(cls, data: bytes) -> SignatureShard:
        """The inverse of ``to_bytes``; the columns are views of ``data``."""
        line = data.index(b"\n") + 1
        header = orjson.loads(data[:line])
        count = len(header["passed"])
        words = np.frombuffer(data, "<u4", count, line)
        from_pmc = np.frombuffer(data, "u1", count, line + 4 * count)
        signatures = np.frombuffer(data, "<u2", count * PERMUTATIONS, line + 5 * count)
        return cls(
            header["dropped"],
            Signatures(header["passed"], from_pmc.view(np.bool_), words, signatures.reshape(count, PERMUTATIONS)),
        )


def joined(shards: Iterable[SignatureShard], documents: int) -> Signatures:
    """The signatures of all shards, in order, ``documents`` of them; holds one shard besides the result."""
    cord_uids: list[str] = []
    from_pmc = np.empty(documents, np.bool_)
    words = np.empty(documents, np.uint32)
    signatures = np.empty((documents, PERMUTATIONS), np.uint16)
    for shard in shards:
        rows = slice(len(cord_uids), len(cord_uids) + len(shard.passed))
        from_pmc[rows], words[rows] = shard.passed.from_pmc, shard.passed.words
        signatures[rows] = shard.passed.signatures
        cord_uids += shard.passed.cord_uids
    return Signatures(cord_uids, from_pmc, words, signatures)
