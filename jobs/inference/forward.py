"""BERT's forward pass in numpy, from the exported files alone.

Publishing compares it with TensorFlow, in float64, so that a difference is the other side's rounding: what people
will download is read by code that shares nothing with the training path. Search encodes queries with it, in float32.
Follows Devlin et al. 2018, "BERT" (arXiv:1810.04805).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from jobs.errors import ConfigurationError
from jobs.inference.mapped_tensors import mapped_tensors, write_tensors
from jobs.json_text import mapping_in

Array = NDArray[Any]

GELU_TANH, GELU_ERF = "gelu_pytorch_tanh", "gelu"
"""transformers' names of the form that google's BERT calls "gelu", and of the exact one. They move logits by 6e-4."""

WEIGHTS = "model.safetensors"
INPUT_MAJOR = "input_major.safetensors"
"""Weights as ``store_input_major`` leaves them."""

_MASKED = -10000.0
"""Added to the attention scores of padding, as google-research/bert does."""


class ExportedBert:
    """The model in a Hugging Face directory (``config.json``, ``model.safetensors``); dropout off.

    Computes in ``dtype`` throughout; with float32 weights are used as they are stored.
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
            for name, tensor in mapped_tensors(_weights_file(directory)).items()
        }

    @property
    def hidden_size(self) -> int:
        return int(self._config["hidden_size"])

    def pretraining_logits(
        self, input_ids: Array, input_mask: Array, segment_ids: Array, masked_lm_positions: Array
    ) -> tuple[Array, Array]:
        """Whole numbers [B, S] (three) and [B, P] to MLM logits [B, P, V] and NSP logits [B, 2]."""
        hidden = self.hidden_states(input_ids, input_mask, segment_ids)
        masked = np.take_along_axis(hidden, masked_lm_positions[..., None], axis=1)
        masked = self._gelu(self._dense(masked, "cls.predictions.transform.dense"))
        masked = self._layer_norm(masked, "cls.predictions.transform.LayerNorm")
        mlm = masked @ self._weight("bert.embeddings.word_embeddings.weight").T + self._weight("cls.predictions.bias")
        pooled = np.tanh(self._dense(hidden[:, 0], "bert.pooler.dense"))
        return mlm, self._dense(pooled, "cls.seq_relationship")

    def hidden_states(self, input_ids: Array, input_mask: Array, segment_ids: Array) -> Array:
        """Whole numbers [B, S] to the last layer's output [B, S, H]."""
        hidden = (
            self._weights["bert.embeddings.word_embeddings.weight"][input_ids].astype(self._dtype)
            + self._weights["bert.embeddings.position_embeddings.weight"][: input_ids.shape[1]]
            + self._weights["bert.embeddings.token_type_embeddings.weight"][segment_ids]
        )
        hidden = self._layer_norm(hidden, "bert.embeddings.LayerNorm")
        hidden_from = ((1.0 - input_mask[:, None, None, :]) * _MASKED).astype(self._dtype)
        for index in range(self._config["num_hidden_layers"]):
            layer = f"bert.encoder.layer.{index}"
            attended = self._attend(hidden, hidden_from, f"{layer}.attention.self")
            attended = self._dense(attended, f"{layer}.attention.output.dense")
            hidden = self._layer_norm(hidden + attended, f"{layer}.attention.output.LayerNorm")
            inner = self._gelu(self._dense(hidden, f"{layer}.intermediate.dense"))
            hidden = self._layer_norm(hidden + self._dense(inner, f"{layer}.output.dense"), f"{layer}.output.LayerNorm")
        return hidden

    def _attend(self, hidden: Array, hidden_from: Array, scope: str) -> Array:
        batch, length, width = hidden.shape
        heads = self._config["num_attention_heads"]

        def split(part: str) -> Array:
            projected = self._dense(hidden, f"{scope}.{part}")
            return projected.reshape(batch, length, heads, width // heads).transpose(0, 2, 1, 3)

        scores = split("query") @ split("key").swapaxes(-1, -2) / math.sqrt(width // heads) + hidden_from
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        context: Array = scores / scores.sum(axis=-1, keepdims=True) @ split("value")
        return context.transpose(0, 2, 1, 3).reshape(batch, length, width)

    def _dense(self, inputs: Array, scope: str) -> Array:
        outputs: Array = inputs @ self._kernel(scope) + self._weight(f"{scope}.bias")
        return outputs

    def _kernel(self, scope: str) -> Array:
        """A dense layer's matrix [inputs, outputs]."""
        name = f"{scope}.kernel"
        return self._weight(name) if name in self._weights else self._weight(f"{scope}.weight").T

    def _layer_norm(self, inputs: Array, scope: str) -> Array:
        centred = inputs - inputs.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + self._config["layer_norm_eps"])
        normalised: Array = centred / deviation * self._weight(f"{scope}.weight") + self._weight(f"{scope}.bias")
        return normalised

    def _weight(self, name: str) -> Array:
        return self._weights[name].astype(self._dtype, copy=False)


def store_input_major(directory: Path) -> None:
    """Replace the weights of a Hugging Face directory by the same with each dense layer's matrix [inputs, outputs].

    torch stores [outputs, inputs]. A product of few rows is bound by memory, and reading such a matrix across its
    rows takes about 1.7 times as long.
    """
    stored = mapped_tensors(directory / WEIGHTS)
    write_tensors(
        directory / INPUT_MAJOR,
        {
            f"{name.removesuffix('.weight')}.kernel" if is_kernel else name: tensor.T if is_kernel else tensor
            for name, tensor in stored.items()
            for is_kernel in [tensor.ndim == 2 and "embeddings." not in name]
        },
    )
    (directory / WEIGHTS).unlink()


def _weights_file(directory: Path) -> Path:
    file = directory / INPUT_MAJOR
    return file if file.exists() else directory / WEIGHTS


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
