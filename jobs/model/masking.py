"""Dynamic masking: chooses and replaces words of a batch anew, by the rule that the examples were made by.

The rule is google-research/bert's create_pretraining_data with whole word masking: words in random order as long as
they fit, then for each of their pieces [MASK] in 8 of 10 cases, the piece itself in 1 and a random entry of the
vocabulary in 1. Unlike there, words always end at [SEP].

Letters in shapes: B examples, S positions, P predictions, V vocabulary.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from jobs.model.dataset import Arrays
from jobs.vocabulary import CLS, MASK, SEP, Vocabulary

Ids = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Masking:
    share: float
    """Share of an example's pieces that are masked, special ones counted too: ``masked_lm_prob``."""
    continues: Flags
    """Whether an entry continues a word; [V]."""
    special: Flags
    """Whether an entry is never masked: [CLS] and [SEP]; [V]."""
    mask_id: int

    @classmethod
    def of(cls, vocabulary: Vocabulary, *, share: float, whole_words: bool) -> Masking:
        tokens = vocabulary.tokens
        return cls(
            share,
            np.frombuffer(vocabulary.continues, np.bool_) & whole_words,
            np.array([token in (CLS, SEP) for token in tokens]),
            tokens.index(MASK),
        )

    def anew(self, batch: Arrays, random: np.random.Philox) -> Arrays:
        """``batch`` with other words masked: the same ones for the same batch and ``random``."""
        ids = originals(batch)
        # Raw words: numpy promises that a bit generator's stream stays the same in later versions.
        ranks, draws = random.random_raw(2 * ids.size).reshape(2, *ids.shape)
        chosen = self._chosen(ids, batch["input_mask"] > 0, ranks, batch["masked_lm_ids"].shape[1])
        rows, positions = np.nonzero(chosen)
        counts = chosen.sum(axis=1)
        slots = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)

        def predictions(values: npt.ArrayLike, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
            placed = np.zeros(batch["masked_lm_ids"].shape, dtype)
            placed[rows, slots] = values
            return placed

        masked = ids.copy()
        masked[rows, positions] = self._replaced(ids[rows, positions], draws[rows, positions])
        return {
            **batch,
            "input_ids": masked,
            "masked_lm_positions": predictions(positions, np.int32),
            "masked_lm_ids": predictions(ids[rows, positions], np.int32),
            "masked_lm_weights": predictions(1.0, np.float32),
        }

    def _chosen(self, ids: Ids, used: Flags, ranks: npt.NDArray[np.uint64], predictions: int) -> Flags:
        """Which positions are masked: whole words by ascending rank that fit into what is left; [B, S]."""
        text = used & ~self.special[ids]
        after_text = np.pad(text, ((0, 0), (1, 0)))[:, :-1]
        begins = text & ~(self.continues[ids] & after_text)
        # The position where the word of each position begins.
        begin = np.maximum.accumulate(np.where(begins, np.arange(ids.shape[1]), 0), axis=1)
        rows = np.arange(len(ids))
        words = (rows[:, None] * ids.shape[1] + begin)[text]
        sizes = np.bincount(words, minlength=ids.size).reshape(ids.shape)

        left = np.clip(np.rint(used.sum(axis=1) * self.share).astype(np.int64), 1, predictions)
        order = np.argsort(np.where(begins, ranks, np.iinfo(np.uint64).max), axis=1, kind="stable")
        taken = np.zeros(ids.shape, np.bool_)
        for rank in range(int(begins.sum(axis=1).max(initial=0))):
            at = order[:, rank]
            size = sizes[rows, at]
            # A shorter word may still fit where one does not.
            fits = (size > 0) & (size <= left)
            taken[rows, at] = fits
            left -= np.where(fits, size, 0)
            if not left.any():
                break
        return text & taken[rows[:, None], begin]

    def _replaced(self, ids: Ids, draws: npt.NDArray[np.uint64]) -> Ids:
        choice, entry = (draws >> np.uint64(32)) % np.uint64(10), draws & np.uint64(0xFFFFFFFF)
        random = (entry % np.uint64(len(self.special))).astype(np.int32)
        return np.select([choice < 8, choice == 8], [np.int32(self.mask_id), ids], random)


def originals(batch: Arrays) -> Ids:
    """The ids [B, S] before masking, restored from the labels."""
    ids = batch["input_ids"].copy()
    rows, slots = np.nonzero(batch["masked_lm_weights"])
    ids[rows, batch["masked_lm_positions"][rows, slots]] = batch["masked_lm_ids"][rows, slots]
    return ids
