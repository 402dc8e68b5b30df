"""What shards leave for the report joins to the same whole, however the corpus was cut."""

import json
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.report.binning import binned
from jobs.report.histogram import DOUBLING, even_bins
from jobs.report.statistics import (
    SAMPLES,
    SEEN_EXAMPLES,
    Paper,
    Repeats,
    ResidualMarkers,
    Sample,
    SeenExample,
    Statistics,
)

VALUES = st.lists(st.integers(1, 300), max_size=30)
TEXT = st.sampled_from(["", "p", "q1", "β"])
RANKS = [f"{number:04x}" for number in range(0, 900, 30)]


COUNTS = st.dictionaries(st.sampled_from(["", "1999", "2020", "β"]), st.integers(1, 9))
SEEN = st.builds(
    SeenExample,
    st.sampled_from(RANKS),
    st.just(("[CLS]", "[MASK]", "[SEP]")),
    st.sampled_from([(), ((1, "β"),)]),
    st.booleans(),
)


def times(values: Sequence[int]) -> list[int]:
    return [values.count(value) for value in range(max(values, default=0) + 1)]


@given(parts=st.lists(VALUES, min_size=1, max_size=4), bounds=st.sampled_from([DOUBLING, even_bins(150, 30), (1,)]))
def test_histograms_of_parts_add_up_to_that_of_the_whole(parts: list[list[int]], bounds: tuple[int, ...]) -> None:
    whole = binned(times([value for part in parts for value in part]), bounds)
    first, *others = (binned(times(part), bounds) for part in parts)
    assert sum(others, first) == whole
    assert whole.values == sum(map(len, parts))
    assert whole.total == sum(map(sum, parts))


def test_a_value_is_counted_in_the_bin_that_it_begins() -> None:
    histogram = binned(times([1, 2, 3, 4, 4, 900]), (1, 3, 4))
    assert histogram.counts == (2, 1, 3)
    assert (histogram.largest, histogram.mean) == (900, 914 / 6)


def test_the_values_of_no_document_are_none() -> None:
    histogram = binned([7], DOUBLING)
    assert (histogram.values, histogram.mean, histogram.largest) == (0, 0.0, 0)


def test_other_bins_are_refused() -> None:
    with pytest.raises(ValueError, match="different bins"):
        binned([], (1, 2)) + binned([], (1, 3))


@pytest.mark.parametrize(("largest", "bins"), [(128, 16), (130, 16), (8, 16), (512, 16), (4096, 16)])
def test_even_bins_hold_every_value(largest: int, bins: int) -> None:
    bounds = even_bins(largest, bins)
    assert bounds[0] == 1
    assert bounds[-1] <= largest
    assert len(bounds) <= bins
    assert len({after - before for before, after in pairwise(bounds)}) <= 1


@st.composite
def tallies(draw: st.DrawFn) -> Statistics:
    samples = draw(st.lists(st.builds(Sample, st.sampled_from(RANKS), TEXT, st.just("before"), st.just(("a", "b")))))
    markers = st.fixed_dictionaries({"preprint": st.integers(0, 9), "doi": st.integers(0, 9)})
    most = draw(st.lists(st.tuples(st.integers(2, 9), TEXT), max_size=3, unique=True))
    return Statistics(
        {"pieces": binned(times(draw(VALUES)), DOUBLING)},
        tuple(sorted(set(samples))[:SAMPLES]),
        dict(sorted(draw(COUNTS).items())),
        dict(sorted(draw(COUNTS).items())),
        tuple(sorted(set(draw(st.lists(SEEN))))[:SEEN_EXAMPLES]),
        ResidualMarkers(draw(st.integers(0, 9)), draw(markers), draw(markers)),
        Repeats(draw(st.integers(0, 99)), draw(st.integers(0, 99)), tuple(sorted(most, key=lambda m: (-m[0], m[1])))),
        tuple(sorted(draw(st.sets(st.builds(Paper, TEXT, TEXT, TEXT, TEXT, TEXT), max_size=3)))),
    )


@settings(max_examples=25)
@given(one=tallies(), two=tallies(), three=tallies())
def test_joining_is_associative_and_has_no_order(one: Statistics, two: Statistics, three: Statistics) -> None:
    assert (one + two) + three == one + (two + three)
    assert one + two == two + one


def test_a_sentence_repeated_in_several_shards_is_named_once() -> None:
    one, other = Repeats(9, 3, ((3, "p"), (2, "q1"))), Repeats(9, 3, ((4, "p"), (2, "β")))
    assert (one + other).most == ((4, "p"), (2, "q1"), (2, "β"))


@settings(max_examples=25)
@given(tallies())
def test_a_tally_survives_json(statistics: Statistics) -> None:
    assert Statistics.from_json(json.loads(json.dumps(statistics.to_json()))) == statistics


@settings(max_examples=25)
@given(one=tallies(), two=tallies())
def test_the_samples_kept_are_the_first_of_all(one: Statistics, two: Statistics) -> None:
    everything = sorted({*one.samples, *two.samples})
    assert list((one + two).samples) == everything[:SAMPLES]
