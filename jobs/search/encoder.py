"""A query, or any text, as the embedder's unit vector, float32: without tensorflow and torch."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import ConfigurationError
from jobs.examples.wordpiece import WordPiece
from jobs.inference.layers import CompiledEncoder
from jobs.json_text import from_json
from jobs.vocabulary import CLS, SEP, UNK, parse_vocabulary

_BATCH = 32


class TextEncoder:
    """The model in an ``embedder/`` directory: mean of the last layer's outputs over all tokens, unit length."""

    def __init__(self, directory: Path) -> None:
        self._bert = CompiledEncoder(directory)
        vocabulary = parse_vocabulary((directory / "vocab.txt").read_bytes(), str(directory / "vocab.txt"))
        ids = vocabulary.ids
        self._first, self._last, self._unknown = ids[CLS], ids[SEP], ids[UNK]
        lower = _setting(directory / "tokenizer_config.json", "do_lower_case")
        self._wordpiece = WordPiece(vocabulary, cased=not lower)
        file = directory / "sentence_bert_config.json"
        self._length = int(_setting(file, "max_seq_length"))
        if self._length < 3:
            raise ConfigurationError(
                str(file), f"max_seq_length {self._length} leaves no room for text", "export again"
            )

    def knows(self, text: str) -> bool:
        """Whether the vocabulary has any piece of ``text``: of one in a script that it lacks, a vector says nothing."""
        return bool(set(self._wordpiece.encode(text)) - {self._unknown})

    def encode(self, texts: Sequence[str], threads: int = 1) -> NDArray[np.float32]:
        """Unit vectors [len(texts), width]; texts beyond the model's length are cut at it.

        The same for a text, to the last bit, whatever texts are beside it, on any number of threads.
        """
        vectors = np.empty((len(texts), self._bert.hidden_size), np.float32)
        for start in range(0, len(texts), _BATCH):
            ids = [self._ids(text) for text in texts[start : start + _BATCH]]
            hidden = self._bert.hidden_states(ids, threads)
            vectors[start : start + len(ids)] = [one.mean(axis=0) for one in hidden]
        unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def _ids(self, text: str) -> NDArray[np.int32]:
        return np.array([self._first, *self._wordpiece.encode(text)[: self._length - 2], self._last], np.int32)


def width_of(directory: Path) -> int:
    """The length of the vectors of the embedder in ``directory``, without loading it."""
    return int(_setting(directory / "config.json", "hidden_size"))


def _setting(file: Path, name: str) -> Any:
    """Raises ``ConfigurationError`` where it is not there."""
    try:
        return from_json(file.read_bytes())[name]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ConfigurationError(str(file), f"it has no setting {name} that can be read", "tune again") from error
