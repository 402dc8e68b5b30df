"""Texts as the ids of one sequence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jobs.examples.wordpiece import WordPiece
from jobs.vocabulary import CLS, SEP, Vocabulary


class TokenIds:
    """[CLS], the text's pieces and [SEP]; longer texts are cut."""

    def __init__(self, vocabulary: Vocabulary, *, cased: bool) -> None:
        ids = vocabulary.ids
        self._cls, self._sep = ids[CLS], ids[SEP]
        self._wordpiece = WordPiece(vocabulary, cased=cased)

    def __call__(self, text: str, length: int) -> NDArray[np.int32]:
        """At most ``length`` ids [n]."""
        return np.array([self._cls, *self._wordpiece.encode(text)[: length - 2], self._sep], np.int32)
