"""Counts values into the bins of a histogram. Apart from it, since only steps have numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.report.histogram import Histogram


def binned(times: Sequence[int] | NDArray[np.int64], bounds: tuple[int, ...]) -> Histogram:
    """``times[v]`` is how often the value v occurs, as ``numpy.bincount`` has it; values below 1 are no values."""
    often = np.array(times, dtype=np.int64)
    often[:1] = 0
    values = np.flatnonzero(often)
    places = np.searchsorted(bounds, values, side="right") - 1
    counts = np.zeros(len(bounds), dtype=np.int64)
    np.add.at(counts, places, often[values])
    return Histogram(bounds, tuple(counts.tolist()), int(values @ often[values]), int(values.max(initial=0)))
