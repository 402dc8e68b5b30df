"""Which documents are held out depends on their cord_uids alone."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.corpus.screening.holdout import held_out
from jobs.errors import ConfigurationError

UIDS = [f"uid{number:04d}" for number in range(1000)]


@pytest.mark.parametrize(
    ("documents", "share", "count"), [(1000, 0.01, 10), (2, 0.01, 1), (149, 0.01, 1), (3, 0.49, 1)]
)
def test_the_share_is_rounded_and_at_least_one(documents: int, share: float, count: int) -> None:
    assert len(held_out(UIDS[:documents], share)) == count


def test_the_choice_is_fixed() -> None:
    assert held_out(UIDS, 0.003) == ["uid0467", "uid0508", "uid0616"]


@pytest.mark.parametrize("uids", [[], ["u1"]])
def test_fewer_than_two_documents_are_refused(uids: list[str]) -> None:
    with pytest.raises(ConfigurationError, match="one must be held out"):
        held_out(uids, 0.01)


@given(st.sets(st.text(min_size=1, max_size=8), min_size=2, max_size=60), st.floats(0.001, 0.49), st.randoms())
def test_order_does_not_matter_and_something_remains(uids: set[str], share: float, random: Random) -> None:
    shuffled = sorted(uids)
    random.shuffle(shuffled)
    chosen = held_out(shuffled, share)
    assert chosen == held_out(sorted(uids), share) == sorted(chosen)
    assert 1 <= len(chosen) < len(uids)
    assert set(chosen) <= uids


def test_a_larger_share_keeps_the_smaller_ones_choice() -> None:
    assert set(held_out(UIDS, 0.01)) < set(held_out(UIDS, 0.05))
