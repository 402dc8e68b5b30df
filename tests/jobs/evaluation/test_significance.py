from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.evaluation.significance import mcnemar, paired_difference, randomization_p, ratio_difference

DRAWS = np.random.default_rng(7)


def test_a_system_against_itself_differs_by_nothing() -> None:
    scores = DRAWS.random(50)
    found = paired_difference(scores, scores)
    assert (found.mean, found.p_value) == (0.0, 1.0)
    assert (found.interval.low, found.interval.high) == (0.0, 0.0)
    assert not found.resolved
    same = ratio_difference(scores, scores, np.ones(50))
    assert (same.mean, same.p_value) == (0.0, 1.0)


def test_randomization_comes_near_to_all_assignments_of_signs() -> None:
    differences = np.array([0.3, -0.1, 0.25, 0.05, 0.4, -0.2, 0.15, 0.1])
    signs = np.array(list(product((-1, 1), repeat=len(differences))))
    exact = (np.abs(signs @ differences) >= abs(differences.sum()) - 1e-12).mean()
    assert randomization_p(differences) == pytest.approx(exact, abs=0.01)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_a_p_value_is_one_and_does_not_ask_who_is_first(differences: list[float]) -> None:
    values = np.array(differences)
    p = randomization_p(values)
    assert 0 < p <= 1
    assert p == randomization_p(-values)


def test_a_large_difference_is_resolved_and_a_small_one_is_not() -> None:
    theirs = DRAWS.random(50)
    noise = DRAWS.normal(0, 0.1, 50)
    assert paired_difference(theirs + 0.2 + noise, theirs).resolved
    assert not paired_difference(theirs + 0.001 + noise, theirs).resolved
    worse = paired_difference(theirs - 0.2 + noise, theirs)
    assert worse.resolved
    assert worse.mean < 0
    assert worse.interval.high < 0


def test_the_bootstrap_draws_whole_documents() -> None:
    """Words of one document agree, so a hundred words of ten documents are hardly more than ten."""
    of_documents = DRAWS.normal(0.1, 1, 10)
    clustered = ratio_difference(of_documents * 10, np.zeros(10), np.full(10, 10.0))
    as_if_free = ratio_difference(np.repeat(of_documents, 10), np.zeros(100), np.ones(100))
    assert clustered.mean == pytest.approx(as_if_free.mean)
    width, naive = (found.interval.high - found.interval.low for found in (clustered, as_if_free))
    assert width > 2 * naive


def test_the_ratio_is_of_sums() -> None:
    found = ratio_difference(np.array([10.0, 1.0]), np.array([0.0, 0.0]), np.array([100.0, 1.0]))
    assert found.mean == pytest.approx(11 / 101)


@pytest.mark.parametrize(("ours", "theirs", "p"), [(10, 2, 0.038574), (5, 5, 1.0), (0, 0, 1.0), (6, 0, 0.03125)])
def test_mcnemar_is_a_fair_coin_s(ours: int, theirs: int, p: float) -> None:
    first = np.array([True] * ours + [False] * theirs + [True, False])
    second = np.array([False] * ours + [True] * theirs + [True, False])
    found = mcnemar(first, second)
    assert (found.only_ours, found.only_theirs) == (ours, theirs)
    assert found.p_value == pytest.approx(p, abs=1e-6)
