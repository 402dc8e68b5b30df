"""A shard's signatures survive being written, and shards join to the whole."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.screening.minhash import PERMUTATIONS
from jobs.corpus.screening.near_duplicates import Signatures
from jobs.corpus.screening.signature_shards import SignatureShard, joined


@st.composite
def shards(draw: st.DrawFn) -> SignatureShard:
    uids = draw(st.lists(st.text(), max_size=6, unique=True))
    words = draw(st.lists(st.integers(0, 2**32 - 1), min_size=len(uids), max_size=len(uids)))
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    return SignatureShard(
        draw(st.dictionaries(st.text(), st.sampled_from(["license", "language:es"]), max_size=4)),
        Signatures(
            uids,
            rng.random(len(uids)) < 0.5,
            np.array(words, np.uint32),
            rng.integers(0, 1 << 16, (len(uids), PERMUTATIONS), dtype=np.uint16),
        ),
    )


def columns(shard: SignatureShard) -> tuple[object, ...]:
    passed = shard.passed
    arrays = (passed.from_pmc.tolist(), passed.words.tolist(), passed.signatures.tolist())
    return dict(shard.dropped), list(passed.cord_uids), *arrays


@given(shards())
def test_what_is_written_is_read(shard: SignatureShard) -> None:
    again = SignatureShard.from_bytes(shard.to_bytes())
    assert columns(again) == columns(shard)
    assert again.to_bytes() == shard.to_bytes()


@given(st.lists(shards(), max_size=4))
def test_shards_join_in_order(parts: list[SignatureShard]) -> None:
    whole = joined(iter(parts), sum(len(part.passed) for part in parts))
    assert list(whole.cord_uids) == [uid for part in parts for uid in part.passed.cord_uids]
    assert whole.signatures.tolist() == [row for part in parts for row in part.passed.signatures.tolist()]
    assert whole.words.tolist() == [count for part in parts for count in part.passed.words.tolist()]
