"""Two models on the same masked words of the same documents. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.significance import Difference, ratio_difference

Array = NDArray[np.float64]


@dataclass(frozen=True)
class MaskedComparison:
    """Nats of a masked whole word, and what one model gains over the other."""

    documents: int
    words: int
    ours: float
    """Mean nats per masked word."""
    theirs: float
    ours_per_character: float
    theirs_per_character: float
    difference: Difference
    """Nats per masked word, ours minus theirs: below 0 ours is better. Documents are resampled as a whole."""

    @property
    def ours_perplexity(self) -> float:
        """exp of the nats per masked whole word."""
        return math.exp(min(self.ours, 700.0))

    @property
    def theirs_perplexity(self) -> float:
        return math.exp(min(self.theirs, 700.0))


def compare(ours: Array, theirs: Array, words: Array, characters: Array) -> MaskedComparison:
    """From sums per document, [D] each: nats of both models, masked words and their characters. D >= 1."""
    total, letters = float(words.sum()), float(characters.sum())
    return MaskedComparison(
        documents=len(words),
        words=int(total),
        ours=float(ours.sum() / total),
        theirs=float(theirs.sum() / total),
        ours_per_character=float(ours.sum() / letters),
        theirs_per_character=float(theirs.sum() / letters),
        difference=ratio_difference(ours, theirs, words),
    )
