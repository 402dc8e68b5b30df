"""Shards are even in bytes, whatever the documents' sizes and their order."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.documents.balance import MOST_UNEVEN, Balance, Spread

SIZES = st.lists(st.integers(0, 10_000), max_size=200)


def release(papers: int) -> list[int]:
    """Text bytes of a made-up release: as many full texts as CORD-19's last had, log-normal with the mean and a wider
    spread than those of 439 real ones (sigma 0.77 there), the rest abstracts; one in ten thousand is a whole book, of
    up to fifteen times the largest of those."""
    rng = random.Random(20220602)

    def size() -> int:
        if rng.random() < 0.0001:
            return rng.randint(1_000_000, 2_500_000)
        return round(rng.lognormvariate(9.67, 1.0) if rng.random() < 0.35 else rng.lognormvariate(7.3, 0.4))

    return [size() for _ in range(papers)]


def test_512_shards_of_400000_papers_are_even_in_any_order() -> None:
    sizes = release(400_000)
    for order in (sizes, sorted(sizes)):  # the second is the worst for a rule that never looks ahead
        found = Spread.over(512, order)
        assert found.documents == 400_000
        assert found.unevenness <= MOST_UNEVEN, found


@given(SIZES, st.integers(1, 20))
def test_no_two_shards_differ_by_more_than_the_largest_document(sizes: list[int], shards: int) -> None:
    balance = Balance(shards)
    filled = [0] * shards
    for size in sizes:
        filled[balance.place(size)] += size
    assert balance.sizes == filled
    assert max(filled) - min(filled) <= max(sizes, default=0)


@given(SIZES.filter(any), st.integers(1, 50))
def test_shards_are_even_up_to_the_number_that_surely_is(sizes: list[int], shards: int) -> None:
    found = Spread.over(shards, sizes)
    assert found.mean * shards == pytest.approx(sum(sizes))
    assert Spread.over(found.surely_even, sizes).is_even


def test_a_document_beyond_the_mean_shard_is_told() -> None:
    found = Spread.over(4, [100, 100, 10_000, 100])
    assert (found.largest_document, found.largest, found.is_even, found.surely_even) == (10_000, 10_000, False, 1)


def test_nothing_spreads_over_shards_that_are_empty() -> None:
    found = Spread.over(3, [])
    assert (found.documents, found.largest, found.unevenness, found.is_even) == (0, 0, 0.0, True)
