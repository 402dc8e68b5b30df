"""The decision over a whole corpus: which documents are not trained on, and why. Made once, kept shard by shard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import orjson

from jobs.corpus.screening.near_duplicates import NEAR_DUPLICATE, near_duplicates
from jobs.corpus.screening.signature_shards import SignatureShard, joined

Dropped = dict[str, str]
"""cord_uid -> why the document is not trained on."""


def decide(shards: Iterable[SignatureShard], passed: int, similarity: float) -> list[Dropped]:
    """What is dropped of each shard, by its own filters and as near-duplicates across all of them.

    ``passed`` is the number of documents that passed the filters, over all shards. Holds their signatures, and of
    the shards one at a time.
    """
    decided: list[Dropped] = []
    ends: list[int] = []

    def noted() -> Iterator[SignatureShard]:
        for shard in shards:
            decided.append(dict(shard.dropped))
            ends.append((ends[-1] if ends else 0) + len(shard.passed))
            yield shard

    corpus = joined(noted(), passed)
    twins = set(near_duplicates(corpus, similarity))
    begin = 0
    for dropped, end in zip(decided, ends, strict=True):
        dropped.update((uid, NEAR_DUPLICATE) for uid in corpus.cord_uids[begin:end] if uid in twins)
        begin = end
    return decided


def encode(dropped: Mapping[str, str]) -> bytes:
    """Equal decisions give equal bytes."""
    return orjson.dumps(dropped, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def decode(data: bytes) -> Dropped:
    """The inverse of ``encode``."""
    decoded: Dropped = orjson.loads(data)
    return decoded
