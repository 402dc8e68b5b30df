"""The order of training examples. Which ones a step sees follows from (seed, step) and the shards' sizes alone."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from jobs.model.dataset import Arrays, Dataset
from jobs.model.masking import Masking

SHARDS_MIXED = 16
"""Shards whose examples are shuffled together. Training can begin once these are here."""
BATCHES_AHEAD = 64
"""Batches that are prepared in advance."""

Indices = npt.NDArray[np.int64]


class BatchSampler:
    """Endless training batches: every epoch has all examples, in an order of its own.

    An epoch takes the shards in random groups of ``SHARDS_MIXED`` and the examples of a group in random order, so that
    the first steps need not wait for the last shard. ``masking`` masks each batch anew; its draws follow from
    (seed, step) too.
    """

    def __init__(self, examples: Dataset, *, batch_size: int, seed: int, masking: Masking | None = None) -> None:
        self.examples = examples
        self._batch_size = batch_size
        self._seed = seed
        self._masking = masking
        self._counts = examples.shard_sizes
        # A batch may span two epochs.
        self._order: Callable[[int], Indices] = lru_cache(maxsize=2)(self._order_of_epoch)

    def indices(self, step: int) -> Indices:
        """The numbers of the examples of one step (from 0)."""
        count = len(self.examples)
        positions = np.arange(step * self._batch_size, (step + 1) * self._batch_size)
        epochs = range(int(positions[0]) // count, int(positions[-1]) // count + 1)
        return np.concatenate([self._order(epoch)[positions[positions // count == epoch] % count] for epoch in epochs])

    def batches(self, first: int, last: int) -> Generator[Arrays, None, None]:
        """The batches of the steps from ``first`` up to, but not including, ``last``, read ahead in the background.

        This call, not the first batch, begins to fetch their shards.
        """
        if first < last:
            self.examples.stage(self._shards_from(first))
        return self._read_ahead(first, last)

    def _read_ahead(self, first: int, last: int) -> Generator[Arrays, None, None]:
        pool = ThreadPoolExecutor(1, "input")
        upcoming: deque[Future[Arrays]] = deque()
        try:
            for step in range(first, last):
                while len(upcoming) < BATCHES_AHEAD and step + len(upcoming) < last:
                    upcoming.append(pool.submit(self.batch, step + len(upcoming)))
                yield upcoming.popleft().result()
        finally:
            # A read under way may wait for its shard: nobody needs it any more.
            pool.shutdown(wait=False, cancel_futures=True)

    def batch(self, step: int) -> Arrays:
        """The examples of one step (from 0)."""
        batch = self.examples.read(self.indices(step))
        return self._masking.anew(batch, _random(self._seed, step, 2)) if self._masking else batch

    def _shards_from(self, step: int) -> list[int]:
        """All shards, in the order in which training from ``step`` needs them."""
        epoch, position = divmod(step * self._batch_size, len(self.examples))
        ranked = self._ranked_shards(epoch)
        ends = np.cumsum(self._counts[ranked])
        # The group that the step is in begins at a multiple of SHARDS_MIXED.
        begun = int(np.searchsorted(ends, position, side="right")) // SHARDS_MIXED * SHARDS_MIXED
        return [int(shard) for shard in np.roll(ranked, -begun)]

    def _ranked_shards(self, epoch: int) -> Indices:
        count = len(self._counts)
        # A stream of its own: the examples' ranks are drawn with this seed and epoch.
        return np.argsort(_random(self._seed, epoch, 1).random_raw(count), kind="stable")

    def _order_of_epoch(self, epoch: int) -> Indices:
        ranks = _random(self._seed, epoch, 0).random_raw(len(self.examples))
        ends = np.cumsum(self._counts)
        shards = self._ranked_shards(epoch)
        groups = []
        for first in range(0, len(shards), SHARDS_MIXED):
            group = np.sort(shards[first : first + SHARDS_MIXED])
            members = np.concatenate([np.arange(ends[s] - self._counts[s], ends[s]) for s in group])
            groups.append(members[np.argsort(ranks[members], kind="stable")])
        return np.concatenate(groups)


def _random(seed: int, number: int, stream: int) -> np.random.Philox:
    """The generator of an epoch (streams 0 and 1) or a step (stream 2).

    Orders are ranks of its raw numbers, not Generator.permutation: numpy promises that a bit generator's stream stays
    the same in later versions, but not what Generator makes of it.
    """
    return np.random.Philox(key=np.array([seed, number], np.uint64), counter=[0, 0, 0, stream])
