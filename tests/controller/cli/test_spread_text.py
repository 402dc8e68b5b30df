"""A dry run says which number of shards would be even where these are not."""

import pytest

from controller.cli.words import spread_text
from jobs.corpus.documents.balance import Spread


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([10] * 40, None),
        ([1000, 10], "--shards 1 is even"),
        ([100] * 100 + [1000], "or fewer are even"),
    ],
)
def test_uneven_shards_come_with_a_number_that_is_even(sizes: list[int], said: str | None) -> None:
    text = spread_text(Spread.over(8, sizes))
    assert ("uneven" in text) == bool(said)
    assert (said or "") in text
    assert "--shards 1 or fewer" not in text
