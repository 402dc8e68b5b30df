"""Pairs to masked examples, as google-research/bert's ``create_pretraining_data.py``.

Quirks of the original, kept:

* Whole-word groups join across [SEP] when truncation lets B begin with a ``##`` piece.
* The 80/10/10 choice is made per WordPiece, not per word.
* A replacement may be any entry of the vocabulary, special ones and the same one included.
* ``round(128 * 0.15)`` is 19: with the published settings the 20th slot stays empty.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from jobs.examples.pairing import Pair
from jobs.vocabulary import CLS, CONTINUATION, MASK, SEP, Vocabulary


@dataclass(frozen=True)
class Example:
    """One masked sentence pair: ``[CLS] A [SEP] B [SEP]`` as ids, not yet padded."""

    input_ids: list[int]
    first_length: int
    """Ids of segment 0: [CLS], A and its [SEP]."""
    masked_positions: list[int]
    """Ascending."""
    masked_ids: list[int]
    """What stood there."""
    is_random_next: bool


def masker(
    vocabulary: Vocabulary,
    *,
    masked_lm_prob: float,
    max_predictions_per_seq: int,
    whole_word_mask: bool,
    rng: random.Random,
) -> Callable[[Pair], Example]:
    """A function that masks one pair after the other, drawing from ``rng``."""
    ids = vocabulary.ids
    cls_id, sep_id, mask_id = ids[CLS], ids[SEP], ids[MASK]
    continues = [token.startswith(CONTINUATION) for token in vocabulary.tokens]
    last_id = len(vocabulary) - 1

    def words(input_ids: list[int]) -> list[list[int]]:
        """Positions that are masked together: words, or single pieces without whole-word masking."""
        groups: list[list[int]] = []
        for position, piece in enumerate(input_ids):
            if piece in (cls_id, sep_id):
                continue
            if whole_word_mask and groups and continues[piece]:
                groups[-1].append(position)
            else:
                groups.append([position])
        return groups

    def replacement(piece: int) -> int:
        if rng.random() < 0.8:
            return mask_id
        if rng.random() < 0.5:
            return piece
        return rng.randint(0, last_id)

    def mask(pair: Pair) -> Example:
        original = [cls_id, *pair.first, sep_id, *pair.second, sep_id]
        groups = words(original)
        rng.shuffle(groups)
        wanted = min(max_predictions_per_seq, max(1, round(len(original) * masked_lm_prob)))
        masked = list(original)
        positions: list[int] = []
        for group in groups:
            if len(positions) >= wanted:
                break
            if len(positions) + len(group) > wanted:
                continue  # a shorter word may still fit
            for position in group:
                masked[position] = replacement(original[position])
                positions.append(position)
        positions.sort()
        return Example(
            input_ids=masked,
            first_length=len(pair.first) + 2,
            masked_positions=positions,
            masked_ids=[original[position] for position in positions],
            is_random_next=pair.is_random_next,
        )

    return mask
