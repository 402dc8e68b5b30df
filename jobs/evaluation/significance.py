"""Is a difference real? Paired tests and intervals; every random draw comes from a fixed seed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RESAMPLES = 1_000
SIGN_FLIPS = 10_000
SEED = 0
_POWER_FACTOR = 2.8
"""Standard errors of the smallest difference that a two-sided test at 5 % finds with a power of 80 %: 1.96 + 0.84."""


@dataclass(frozen=True)
class Interval:
    """The middle 95 % of a statistic over resamples."""

    low: float
    high: float

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Difference:
    """A paired difference, ours minus theirs."""

    mean: float
    interval: Interval
    p_value: float
    smallest_detectable: float
    """A true difference below this is missed more often than in one of five such evaluations."""

    @property
    def resolved(self) -> bool:
        """Whether the data decide that there is a difference, and are enough to find one of this size."""
        return self.p_value < 0.05 and abs(self.mean) >= self.smallest_detectable


def paired_difference(ours: Array, theirs: Array) -> Difference:
    """Compares two systems over the same topics or documents. [N] each, N >= 1."""
    differences = np.asarray(ours, np.float64) - np.asarray(theirs, np.float64)
    return Difference(
        mean=float(differences.mean()),
        interval=_percentiles(_resampled_ratios(differences, np.ones_like(differences))),
        p_value=randomization_p(differences),
        smallest_detectable=_POWER_FACTOR * _standard_error(differences),
    )


def randomization_p(differences: Array) -> float:
    """Two-sided p of Fisher's randomization test: how often random signs give as large a mean. [N]

    The observed assignment counts as one of the draws (Smucker et al. 2007, CIKM), so p is never 0; without any
    difference it is 1.
    """
    observed = abs(differences.sum())
    draws = np.random.default_rng(SEED)
    reached, block = 0, max(1, min(SIGN_FLIPS, 4_000_000 // max(len(differences), 1)))
    for start in range(0, SIGN_FLIPS, block):
        count = min(block, SIGN_FLIPS - start)
        signs = draws.integers(0, 2, (count, len(differences)), dtype=np.int8) * 2 - 1
        reached += int((np.abs(signs @ differences) >= observed - 1e-12).sum())
    return (reached + 1) / (SIGN_FLIPS + 1)


def ratio_difference(ours: Array, theirs: Array, weights: Array) -> Difference:
    """Compares two sums per unit of weight, such as losses per masked word, clustered by document.

    Words of one paper are not independent, so whole documents are drawn (cluster bootstrap), and the ratio of
    sums is taken in each resample. ``ours``, ``theirs``: sums per document [D]; ``weights`` [D], at least one
    positive.
    """
    differences = ours - theirs
    total = float(weights.sum())
    ratios = _resampled_ratios(differences, weights)
    residuals = differences - weights * (differences.sum() / total)
    return Difference(
        mean=float(differences.sum() / total),
        interval=_percentiles(ratios),
        p_value=randomization_p(differences),
        smallest_detectable=_POWER_FACTOR * _standard_error(residuals) * len(residuals) / total,
    )


@dataclass(frozen=True)
class McNemar:
    """Counts the paired yes-or-no outcomes on which two systems disagree."""

    only_ours: int
    only_theirs: int
    p_value: float
    """Two-sided and exact: that of a fair coin."""


def mcnemar(ours: NDArray[np.bool_], theirs: NDArray[np.bool_]) -> McNemar:
    """The exact test of McNemar 1947. [N] each."""
    only_ours, only_theirs = int((ours & ~theirs).sum()), int((theirs & ~ours).sum())
    return McNemar(only_ours, only_theirs, _two_sided_coin(min(only_ours, only_theirs), only_ours + only_theirs))


def _two_sided_coin(fewer: int, trials: int) -> float:
    """How likely a fair coin is at least as uneven as ``fewer`` heads in ``trials``."""
    if not trials:
        return 1.0
    tail = math.fsum(
        math.exp(math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1) - trials * math.log(2))
        for k in range(fewer + 1)
    )
    return min(1.0, 2 * tail)


def _resampled_ratios(numerators: Array, denominators: Array) -> Array:
    """Ratio of sums in each of ``RESAMPLES`` draws of as many units, with replacement. [RESAMPLES]"""
    draws = np.random.default_rng(SEED)
    count = len(numerators)
    ratios = np.empty(RESAMPLES)
    for resample in range(RESAMPLES):
        drawn = draws.integers(0, count, count)
        weight = denominators[drawn].sum()
        ratios[resample] = numerators[drawn].sum() / weight if weight else np.nan
    return ratios[~np.isnan(ratios)]


def _percentiles(values: Array) -> Interval:
    low, high = np.percentile(values, [2.5, 97.5])
    return Interval(float(low), float(high))


def _standard_error(values: Array) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.inf
