"""Texts to a contender's vectors: its own tokenizer, its own pooling, one length for all."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.model.devices import Devices
from jobs.model.embedder import Embedder
from jobs.steps.contenders import Contender
from jobs.steps.token_ids import TokenIds

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors [N, H]."""


def encoder_of(contender: Contender, devices: Devices, length: int, stop: Callable[[], None]) -> Encode:
    """Loads the model. Texts longer than ``length`` tokens, or than it can read, are cut. ``stop`` may raise."""
    embedder = Embedder(contender.load(), devices, contender.pooling)
    token_ids = TokenIds(contender.vocabulary, cased=contender.cased)
    longest = min(length, contender.positions)

    def alive(_: int) -> None:
        stop()

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        return embedder.encode([token_ids(text, longest) for text in texts], alive)

    return encode
