"""The decision over a whole corpus: which documents are not trained on, and why. Made once, kept shard by shard."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

import orjson

from jobs.corpus.screening.near_duplicates import NEAR_DUPLICATE, NearDuplicate, near_duplicates
from jobs.corpus.screening.signature_shards import SignatureShard, joined

Dropped = dict[str, str]
"""cord_uid -> why the document is not trained on."""


@dataclass(frozen=True)
class Decision:
    shards: list[Dropped]
    near_duplicates: list[NearDuplicate]
    """Sorted by the cord_uid that is dropped."""


def decide(shards: Iterable[SignatureShard], passed: int, similarity: float) -> Decision:
    """Decides which documents of each shard are dropped, by its own filters or as near-duplicates across all shards.

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
    found = near_duplicates(corpus, similarity)
    twins = {twin.cord_uid for twin in found}
    begin = 0
    for dropped, end in zip(decided, ends, strict=True):
        dropped.update((uid, NEAR_DUPLICATE) for uid in corpus.cord_uids[begin:end] if uid in twins)
        begin = end
    return Decision(decided, found)


def dropped_to_json(dropped: Mapping[str, str]) -> bytes:
    """Equal decisions give equal bytes."""
    return orjson.dumps(dropped, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def dropped_from_json(data: bytes) -> Dropped:
    """The inverse of ``dropped_to_json``."""
    decoded: Dropped = orjson.loads(data)
    return decoded


def near_duplicates_to_json_lines(found: Iterable[NearDuplicate]) -> bytes:
    """One object a line: who was dropped, for whom, and how alike they are."""
    return b"".join(orjson.dumps(asdict(twin), option=orjson.OPT_APPEND_NEWLINE) for twin in found)


def near_duplicates_from_json_lines(data: bytes) -> list[NearDuplicate]:
    """The inverse of ``near_duplicates_to_json_lines``."""
    return [NearDuplicate(**orjson.loads(line)) for line in data.splitlines()]
