"""A query, or any text, as the embedder's unit vector: numpy alone, float32."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import ConfigurationError
from jobs.examples.wordpiece import WordPiece
from jobs.inference.forward import ExportedBert
from jobs.json_text import from_json
from jobs.vocabulary import CLS, SEP, parse_vocabulary

_BATCH = 32


class TextEncoder:
    """The model in an ``embedder/`` directory: mean of the last layer's outputs over all tokens, unit length."""

    def __init__(self, directory: Path) -> None:
        self._bert = ExportedBert(directory, np.float32)
        self._vocabulary = parse_vocabulary((directory / "vocab.txt").read_bytes(), str(directory / "vocab.txt"))
        lower = _setting(directory / "tokenizer_config.json", "do_lower_case")
        self._wordpiece = WordPiece(self._vocabulary, cased=not lower)
        file = directory / "sentence_bert_config.json"
        self._length = int(_setting(file, "max_seq_length"))
        if self._length < 3:
            raise ConfigurationError(
                str(file), f"max_seq_length {self._length} leaves no room for text", "export again"
            )

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [len(texts), width]; texts beyond the model's length are cut at it."""
        ids = [self._ids(text) for text in texts]
        vectors = np.empty((len(texts), self._bert.hidden_size), np.float32)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            vectors[chosen] = self._pooled([ids[i] for i in chosen])
        return vectors

    def _ids(self, text: str) -> list[int]:
        special = self._vocabulary.ids
        return [special[CLS], *self._wordpiece.encode(text)[: self._length - 2], special[SEP]]

    def _pooled(self, rows: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        length = max(map(len, rows))
        ids = np.zeros((len(rows), length), np.int32)  # [PAD] is entry 0
        mask = np.zeros_like(ids)
        for row, values in enumerate(rows):
            ids[row, : len(values)] = values
            mask[row, : len(values)] = 1
        hidden = self._bert.hidden_states(ids, mask, np.zeros_like(ids))
        mean = (hidden * mask[..., None].astype(np.float32)).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        unit: NDArray[np.float32] = (mean / np.linalg.norm(mean, axis=1, keepdims=True)).astype(np.float32)
        return unit


def width_of(directory: Path) -> int:
    """The length of the vectors of the embedder in ``directory``, without loading it."""
    return int(_setting(directory / "config.json", "hidden_size"))


def _setting(file: Path, name: str) -> Any:
    """Raises ``ConfigurationError`` where it is not there."""
    try:
        return from_json(file.read_bytes())[name]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise ConfigurationError(str(file), f"it has no setting {name} that can be read", "tune again") from error
