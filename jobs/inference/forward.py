"""BERT's forward pass in numpy, from the exported files alone.

Publishing compares it with TensorFlow, in float64, so that a difference is the other side's rounding: what people
will download is read by code that shares nothing with the training path. Search reads queries with ``layers.py``.
Follows Devlin et al. 2018, "BERT" (arXiv:1810.04805).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from jobs.errors import ConfigurationError
from jobs.inference.mapped_tensors import mapped_tensors
from jobs.json_text import mapping_in

Array = NDArray[Any]

GELU_TANH, GELU_ERF = "gelu_pytorch_tanh", "gelu"
"""transformers' names of the form that google's BERT calls "gelu", and of the exact one. They move logits by 6e-4."""

WEIGHTS = "model.safetensors"


class ExportedBert:
    """The model in a Hugging Face directory (``config.json``, ``model.safetensors``); dropout off.

    Computes in ``dtype`` throughout.
    """

    def __init__(self, directory: Path, dtype: DTypeLike = np.float64) -> None:
        self._dtype = np.dtype(dtype)
        self._config = mapping_in(directory / "config.json", "export again")
        activation = _ACTIVATIONS.get(self._config["hidden_act"])
        if activation is None:
            reason = f"hidden_act is {self._config['hidden_act']!r}, not one of {', '.join(_ACTIVATIONS)}"
            raise ConfigurationError("config.json", reason, "export again with this version of covid-ctl")
        self._gelu = activation
        # An encoder that is published alone has no prefix: there is no head to tell it from.
        self._weights: Mapping[str, Array] = {
            name if name.startswith(("bert.", "cls.")) else f"bert.{name}": tensor
            for name, tensor in mapped_tensors(directory / WEIGHTS).items()
        }

    @property
    def hidden_size(self) -> int:
        return int(self._config["hidden_size"])

    def pretraining_logits(
        self, input_ids: Array, input_mask: Array, segment_ids: Array, masked_lm_positions: Array
    ) -> tuple[Array, Array]:
        """Whole numbers [B, S] (three) and [B, P] to MLM logits [B, P, V] and NSP logits [B, 2]."""
        lengths = input_mask.sum(axis=1)
        hidden = self.hidden_states(
            *([row[:n] for row, n in zip(ids, lengths, strict=True)] for ids in (input_ids, segment_ids))
        )
        masked = np.stack([row[positions] for row, positions in zip(hidden, masked_lm_positions, strict=True)])
        masked = self._gelu(self._dense(masked, "cls.predictions.transform.dense"))
        masked = self._layer_norm(masked, "cls.predictions.transform.LayerNorm")
        mlm = masked @ self._weight("bert.embeddings.word_embeddings.weight").T + self._weight("cls.predictions.bias")
        pooled = np.tanh(self._dense(np.stack([row[0] for row in hidden]), "bert.pooler.dense"))
        return mlm, self._dense(pooled, "cls.seq_relationship")

    def hidden_states(self, ids: Sequence[Array], segments: Sequence[Array]) -> list[Array]:
        """Whole numbers [S] of each text, without padding, to the last layer's outputs [S, H] of each.

        The same for a text whatever texts are beside it: all that crosses a text's words is done for it alone.
        """
        ends = np.cumsum([len(text) for text in ids])
        positions = np.concatenate([np.arange(len(text)) for text in ids])
        hidden = (
            self._weights["bert.embeddings.word_embeddings.weight"][np.concatenate(ids)].astype(self._dtype)
            + self._weights["bert.embeddings.position_embeddings.weight"][positions]
            + self._weights["bert.embeddings.token_type_embeddings.weight"][np.concatenate(segments)]
        )
        hidden = self._layer_norm(hidden, "bert.embeddings.LayerNorm")
        for index in range(self._config["num_hidden_layers"]):
            layer = f"bert.encoder.layer.{index}"
            attended = self._attend(hidden, ends, f"{layer}.attention.self")
            attended = self._dense(attended, f"{layer}.attention.output.dense")
            hidden = self._layer_norm(hidden + attended, f"{layer}.attention.output.LayerNorm")
            inner = self._gelu(self._dense(hidden, f"{layer}.intermediate.dense"))
            hidden = self._layer_norm(hidden + self._dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        return np.split(hidden, ends[:-1])

    def _attend(self, hidden: Array, ends: Array, scope: str) -> Array:
        """Attention of each text's words [S, H] to each other; texts end at ``ends``."""
        heads = self._config["num_attention_heads"]
        parts = (self._dense(hidden, f"{scope}.{part}") for part in ("query", "key", "value"))
        query, key, value = (part.reshape(len(hidden), heads, -1).swapaxes(0, 1) for part in parts)
        query = query / math.sqrt(query.shape[-1])
        context = np.empty_like(query)
        for start, end in zip([0, *ends], ends, strict=False):
            scores = query[:, start:end] @ key[:, start:end].swapaxes(-1, -2)
            scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
            context[:, start:end] = scores / scores.sum(axis=-1, keepdims=True) @ value[:, start:end]
        return context.swapaxes(0, 1).reshape(hidden.shape)

    def _dense(self, inputs: Array, scope: str) -> Array:
        bias = self._weight(f"{scope}.bias")
        outputs: Array = inputs @ self._weight(f"{scope}.weight").T + bias
        return outputs

    def _layer_norm(self, inputs: Array, scope: str) -> Array:
        centred = inputs - inputs.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self._config["layer_norm_eps"])
        normalised: Array = centred / deviation * self._weight(f"{scope}.weight") + self._weight(f"{scope}.bias")
        return normalised

    def _weight(self, name: str) -> Array:
        return self._weights[name].astype(self._dtype, copy=False)


def _gelu_tanh(x: Array) -> Array:
    """The tanh form of Hendrycks & Gimpel 2016, "Gaussian Error Linear Units" (arXiv:1606.08415)."""
    y: Array = 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))
    return y


def _gelu_erf(x: Array) -> Array:
    """The exact form: x times the normal distribution's share below x."""
    # numpy has no error function; Python's takes 0.1 s for a million values.
    shares = np.fromiter(map(math.erf, (x.ravel() / math.sqrt(2.0)).tolist()), x.dtype, x.size).reshape(x.shape)
    y: Array = 0.5 * x * (1.0 + shares)
    return y


_ACTIVATIONS = {GELU_TANH: _gelu_tanh, GELU_ERF: _gelu_erf}
