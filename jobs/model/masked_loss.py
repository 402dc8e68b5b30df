"""How well a model fills in masked words: the loss of each word, in nats."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from jobs.evaluation.masked_words import Passage
from jobs.model.bert import Bert
from jobs.model.pairs import Ids, padded
from jobs.vocabulary import CLS, MASK, SEP, UNK, Vocabulary

BATCH = 32
"""Passages."""

EncodeLines = Callable[[Sequence[str]], tuple[NDArray[np.int32], NDArray[np.int64]]]
"""The vocabulary's tokenizer: lines to the ids of all of them, and where each line's end."""


@dataclass(frozen=True)
class _Encoded:
    ids: Ids
    """With the masked pieces in place."""
    places: tuple[int, ...]
    """Where the masked pieces are."""
    words: tuple[int, ...]
    """For each of them, which masked word of the passage it belongs to."""


class MaskedWordScorer:
    """One model with its vocabulary."""

    def __init__(self, model: Bert, vocabulary: Vocabulary, encode: EncodeLines, length: int) -> None:
        """``length`` is that of the sequences, [CLS] and [SEP] included."""
        self._model = model
        self._length = length
        self._encode_lines = encode
        ids = vocabulary.ids
        self._cls, self._sep, self._mask, self._unk = ids[CLS], ids[SEP], ids[MASK], ids[UNK]
        self._losses = tf.function(self._piece_losses, autograph=False)

    def pieces(self, words: Sequence[str]) -> list[int]:
        """How many pieces each word has; at least 1, so that a word without any takes its place."""
        _, ends = self._encode_lines(words)
        return [max(1, int(count)) for count in np.diff(ends, prepend=0)]

    def unknown(self, words: Sequence[str]) -> list[bool]:
        """Whether each word has a piece that the vocabulary does not know."""
        ids, ends = self._encode_lines(words)
        seen = np.concatenate([[0], np.cumsum(ids == self._unk)])
        return [bool(found) for found in np.diff(seen[ends], prepend=0)]

    def losses(self, texts: Sequence[Passage], alive: Callable[[int], None] = lambda _: None) -> list[NDArray[Any]]:
        """For each passage the nats of each masked word [len(masked)], summed over its pieces, all pieces masked.

        ``alive`` is called before each batch with the number of passages that are done; it may raise to stop.
        """
        found = []
        for start in range(0, len(texts), BATCH):
            alive(start)
            found += self._batch(texts[start : start + BATCH])
        return found

    def _batch(self, texts: Sequence[Passage]) -> list[NDArray[Any]]:
        encoded = [self._encode(text) for text in texts]
        ids, mask = padded([text.ids for text in encoded], self._length)
        places = np.zeros((len(texts), -(-max(len(text.places) for text in encoded) // 8) * 8), np.int32)
        for row, text in enumerate(encoded):
            places[row, : len(text.places)] = text.places
        labels = np.take_along_axis(ids, places, axis=1)
        for row, text in enumerate(encoded):
            ids[row, list(text.places)] = self._mask
        values = self._losses(*map(tf.constant, (ids, mask, places, labels))).numpy()
        return [
            np.bincount(text.words, values[row, : len(text.words)], minlength=len(texts[row].masked))
            for row, text in enumerate(encoded)
        ]

    def _encode(self, text: Passage) -> _Encoded:
        ids, ends = self._encode_lines(text.words)
        starts = np.concatenate([[0], ends[:-1]])
        places: list[int] = []
        words: list[int] = []
        for number, word in enumerate(text.masked):
            for place in range(int(starts[word]), int(ends[word])):
                places.append(place + 1)  # after [CLS]
                words.append(number)
        return _Encoded(np.array([self._cls, *ids, self._sep], np.int32), tuple(places), tuple(words))

    def _piece_losses(self, ids: tf.Tensor, mask: tf.Tensor, places: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
        """Nats of the pieces ``labels`` [B, P] at ``places`` [B, P]."""
        logits, _ = self._model.pretraining_logits(ids, mask, tf.zeros_like(ids), places)
        return tf.nn.sparse_softmax_cross_entropy_with_logits(labels=labels, logits=logits)
