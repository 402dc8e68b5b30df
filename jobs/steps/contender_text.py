"""Texts to a contender's vectors: its own tokenizer, its own pooling, one length for all."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from jobs.model.devices import Devices
from jobs.model.embedder import Embedder
from jobs.steps.contenders import Contender
from jobs.steps.token_ids import TokenIds

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Texts to unit vectors [N, H]."""


def without_private_use(text: str) -> str:
    """``text`` without private-use and unassigned characters, such as a PDF's own font leaves."""
    if text.isascii():
        return text
    return "".join(one for one in text if unicodedata.category(one) not in ("Co", "Cn", "Cs"))


def encoder_of(contender: Contender, devices: Devices, length: int, stop: Callable[[], None]) -> Encode:
    """Loads the model. Texts longer than ``length`` tokens, or than it can read, are cut. ``stop`` may raise."""
    embedder = Embedder(contender.load(), devices, contender.pooling)
    token_ids = TokenIds(contender.vocabulary, cased=contender.cased)
    longest = min(length, contender.positions)
    read = without_private_use if contender.drops_private_use else str

    def alive(_: int) -> None:
        stop()

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        return embedder.encode([token_ids(read(text), longest) for text in texts], alive)

    return encode
