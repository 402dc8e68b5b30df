"""transformers' names and layout of a ``BertForPreTraining``: read by google's names, and written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from jobs.errors import ConfigurationError
from jobs.layout import TRAINED_WEIGHTS
from jobs.weights.account import Contents, listed
from jobs.weights.tensor_file import TensorFile
from jobs.weights.variable_names import OUTPUT_BIAS, WORD_EMBEDDINGS, Array, Shape, tensors, torch_name

_COPIES = {"cls.predictions.decoder.weight": WORD_EMBEDDINGS, "cls.predictions.decoder.bias": OUTPUT_BIAS}
"""Tied to what they are stored beside, by some versions of transformers."""
_BUFFERS = frozenset({"bert.embeddings.position_ids", "bert.embeddings.token_type_ids"})
"""Counted, not trained."""


class HuggingFaceWeights:
    """The tensors of a transformers model, read by google's names and in google's layout.

    Raises ``ConfigurationError``, naming ``source``, when two tensors are one variable.
    """

    def __init__(self, file: TensorFile, source: str, config: Mapping[str, Any]) -> None:
        self._source = source
        self._known = {tensor.hugging_face: tensor for tensor in tensors(config)}
        self._file = file
        shapes = {name: info.shape for name, info in file.tensors.items()}
        aside = [name for name in shapes if torch_name(name) in _BUFFERS or torch_name(name) in _COPIES]
        self.contents = Contents.of(
            {name: self._in_google_s(name, shape) for name, shape in shapes.items() if name not in aside}, aside, source
        )

    def read(self, name: str) -> Array:
        """A variable by google's name, float32."""
        stored = self.contents.stored[name]
        array = self._file.read(stored)
        tensor = self._known.get(torch_name(stored))
        return np.ascontiguousarray(array.T if tensor and tensor.transposed else array)

    def check(self) -> None:
        """Raises ``ConfigurationError`` when the MLM decoder is not the word embeddings: BERT's is."""
        for copy in self.contents.aside:
            original = _COPIES.get(torch_name(copy))
            if (
                original
                and original in self.contents.stored
                and not np.array_equal(self._file.read(copy), self.read(original))
            ):
                raise ConfigurationError(
                    self._source, f"{copy} differs from {original}, which BERT shares", "give a BertForPreTraining"
                )

    def _in_google_s(self, stored: str, shape: Shape) -> tuple[str, Shape]:
        tensor = self._known.get(torch_name(stored))
        if tensor is None:
            return stored, shape
        return tensor.google, shape[::-1] if tensor.transposed else shape


def to_hugging_face(weights: Mapping[str, Array], config: Mapping[str, Any]) -> dict[str, Array]:
    """``weights`` by google's names to float32 arrays by transformers' names.

    Raises ``ConfigurationError`` naming the variables when one is missing, unknown or of another shape,
    or is not finite: a gap would be filled with random numbers by whoever loads the model.
    """
    known = tensors(config)
    names = {tensor.google for tensor in known}
    if missing := sorted(names - set(weights)):
        raise _refusal(f"lacks {listed(missing)}")
    if unknown := sorted(set(weights) - names):
        raise _refusal(f"{listed(unknown)} has no place in the model that bert_config.json describes")
    for tensor in known:
        found = weights[tensor.google]
        if found.shape != tensor.shape:
            raise _refusal(f"{tensor.google} has shape {list(found.shape)}, expected {list(tensor.shape)}")
        if not np.isfinite(found).all():
            raise _refusal(f"{tensor.google} holds values that are not finite")
    return {
        tensor.hugging_face: np.ascontiguousarray(
            weights[tensor.google].T if tensor.transposed else weights[tensor.google], dtype=np.float32
        )
        for tensor in known
    }


def write_safetensors(weights: Mapping[str, Array], target: Path) -> None:
    """``model.safetensors``; transformers loads no file that does not say it is torch's layout."""
    save_file(dict(weights), target, metadata={"format": "pt"})


def _refusal(reason: str) -> ConfigurationError:
    return ConfigurationError(TRAINED_WEIGHTS, reason, "train again with this version of covid-ctl")
