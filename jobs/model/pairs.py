"""Pairs of texts to tune an embedder on: titles and their abstracts, as token ids, all of them in memory."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from jobs.model.dataset import Arrays

Ids = npt.NDArray[np.int32]


class PairDataset:
    """A ``Dataset``: query i belongs to answer i. Ids have [CLS] and [SEP]; [PAD] is entry 0."""

    def __init__(
        self, queries: Sequence[Ids], answers: Sequence[Ids], names: Sequence[str], *, lengths: tuple[int, int]
    ) -> None:
        """``names`` are the documents' cord_uids; ``lengths`` those to which queries and answers are padded."""
        self.queries, self.answers = queries, answers
        self._names = names
        self._lengths = lengths

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def shard_sizes(self) -> npt.NDArray[np.int64]:
        return np.array([len(self)], np.int64)

    def stage(self, shards: Iterable[int] | None = None) -> None:
        """Nothing: they are here."""

    def read(self, indices: Sequence[int] | npt.NDArray[np.int64]) -> Arrays:
        """``query_ids``, ``query_mask`` and ``answer_ids``, ``answer_mask``, int32 [B, length]."""
        query_length, answer_length = self._lengths
        query_ids, query_mask = padded([self.queries[int(i)] for i in indices], query_length)
        answer_ids, answer_mask = padded([self.answers[int(i)] for i in indices], answer_length)
        return {
            "query_ids": query_ids,
            "query_mask": query_mask,
            "answer_ids": answer_ids,
            "answer_mask": answer_mask,
        }

    def where(self, index: int) -> str:
        return f"document {self._names[index]}"


def padded(texts: Sequence[Ids], length: int) -> tuple[Ids, Ids]:
    """Ids and mask [N, length] of texts of at most ``length``."""
    ids = np.zeros((len(texts), length), np.int32)
    mask = np.zeros_like(ids)
    for row, text in enumerate(texts):
        ids[row, : len(text)] = text
        mask[row, : len(text)] = 1
    return ids, mask
