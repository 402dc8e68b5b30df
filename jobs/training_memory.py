"""Memory that training takes, by formula, and how many parts a batch is computed in so that it fits. Pure and light."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what a recipe is takes 0.1 s to import, and profiles need no more than sizes
    from jobs.recipe import Architecture

GB = 1e9
BYTES_PER_WEIGHT = 16
"""In training: the weight, its gradient and Adam's two moments, as float32."""
SAVED_BYTES_PER_WEIGHT = 12
"""On the host: the copy of all but the gradient that a save uploads while training goes on."""
FREE_BYTES = 1 * GB
"""Beside the weights: records, logs, TensorFlow itself."""
USABLE = 0.9
"""Share of the memory that the formula may fill when the number of parts is chosen: it is right to about a fifth."""
REPLICA_MEMORY = {"v2": 8 * GB, "v3": 16 * GB, "v4": 32 * GB, "v5lite": 16 * GB, "v5p": 95 * GB, "v6e": 32 * GB}
"""Memory of one TPU replica, by how the slice's name begins, from Google's pages on each."""
MEMORY_LIMIT = Path("/sys/fs/cgroup/memory.max")


@dataclass(frozen=True)
class Footprint:
    """What decides how much memory training takes, but for the size of a part."""

    shape: Architecture
    vocabulary: int
    length: int
    """Tokens of an example."""
    on_host: bool = True
    """Whether this is the memory that the whole process uses, and not an accelerator's own."""

    @property
    def weights(self) -> int:
        """About: layers and word embeddings, which are all but a hundredth."""
        hidden = self.shape.hidden_size
        layer = 4 * hidden * hidden + 2 * hidden * self.shape.intermediate_size
        words = self.vocabulary + self.shape.max_position_embeddings
        return self.shape.num_hidden_layers * layer + words * hidden

    def activations(self, examples: int) -> int:
        """Bytes that the forward pass keeps for the backward pass, as float32, for ``examples`` computed at once.

        Per layer some 34 values a token and hidden unit, and attention's scores five times over (Korthikanti et al.,
        arXiv 2205.05198, counts these in two bytes).
        """
        layer = self.length * (17 * self.shape.hidden_size + 2.5 * self.shape.num_attention_heads * self.length)
        return int(4 * examples * self.shape.num_hidden_layers * layer)

    def bytes(self, examples: int, parts: int) -> int:
        """Memory for ``examples`` computed at once, each of a batch's ``parts`` after the other."""
        # While gradients are accumulated, there is their sum beside the newest.
        per_weight = BYTES_PER_WEIGHT + (4 if parts > 1 else 0) + (SAVED_BYTES_PER_WEIGHT if self.on_host else 0)
        beside = FREE_BYTES if self.on_host else 0
        return int(beside + self.weights * per_weight + self.activations(examples))

    def fewest_parts(self, batch: int, memory: float) -> int:
        """The fewest parts into which ``batch`` examples divide so that each fits ``memory`` bytes.

        One example at a time where none fits: training may work all the same, and an error then names the setting.
        """
        return next(
            (parts for parts in _divisors(batch) if self.bytes(batch // parts, parts) <= USABLE * memory), batch
        )


def machine_memory() -> float:
    """Bytes of this machine, or of the container that this process is in."""
    return min(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), _limit_of_container())


def _limit_of_container() -> float:
    """Bytes; infinite without a limit."""
    try:
        text = MEMORY_LIMIT.read_text().strip()
    except OSError:
        return math.inf
    return float(text) if text.isdecimal() else math.inf


def _divisors(number: int) -> Iterator[int]:
    return (candidate for candidate in range(1, number + 1) if number % candidate == 0)
