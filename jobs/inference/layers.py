"""The encoder of an exported model in float32, compiled: what search reads queries with.

``forward.py`` computes the same in numpy, plainly. Here a batch of queries is one call, which leaves the interpreter to
other threads, and its weights are read once for all texts: see layers.c.
"""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import addressof, c_void_p
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.errors import ConfigurationError
from jobs.inference.forward import GELU_ERF, GELU_TANH, WEIGHTS
from jobs.inference.mapped_tensors import mapped_tensors
from jobs.inference.native import LANES, PANEL, library
from jobs.inference.panels import PANELS, with_panels
from jobs.json_text import mapping_in
from jobs.native import address

Array = NDArray[Any]

_DENSE = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)
"""In the order of layers.c."""
_NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


class CompiledEncoder:
    """The model in a Hugging Face directory, with its weights as they are or as ``store_panels`` leaves them.

    Raises ``ConfigurationError`` where the directory lacks something, or its parts do not belong together.
    """

    def __init__(self, directory: Path) -> None:
        config = mapping_in(directory / "config.json", "export again")
        panels = directory / PANELS
        file = panels if panels.exists() else directory / WEIGHTS
        stored = {name.removeprefix("bert."): tensor for name, tensor in mapped_tensors(file).items()}
        self._file = file
        self._tensors = stored if file == panels else with_panels(stored)
        try:
            self.hidden_size, self._inner = int(config["hidden_size"]), int(config["intermediate_size"])
            self._heads, self._depth = int(config["num_attention_heads"]), int(config["num_hidden_layers"])
            self._epsilon = float(config["layer_norm_eps"])
            self._exact = {GELU_TANH: False, GELU_ERF: True}[config["hidden_act"]]
            if self.hidden_size % self._heads:
                raise ValueError(f"{self._heads} heads do not divide {self.hidden_size} numbers")
        except (LookupError, ValueError, TypeError, ZeroDivisionError) as error:
            reason = f"no settings of an encoder that can be used: {error}"
            raise ConfigurationError(str(directory / "config.json"), reason, "export again") from error
        self._tables = [self._tensor(f"embeddings.{name}_embeddings.weight", -1, self.hidden_size) for name in _TABLES]
        self._norm = [self._tensor(f"embeddings.LayerNorm.{part}", self.hidden_size) for part in ("weight", "bias")]
        # Kept, as the table has their addresses.
        self._parts = [part for number in range(self._depth) for part in self._layer(f"encoder.layer.{number}")]
        self._layers = (c_void_p * max(1, len(self._parts)))(*map(address, self._parts))

    def hidden_states(self, ids: Sequence[Array], threads: int = 1) -> list[Array]:
        """Whole numbers [S] of each text, without padding, to the last layer's outputs [S, H] of each.

        The same for a text, to the last bit, whatever texts are beside it, on any number of threads.
        """
        if not ids:
            return []
        lengths = [len(text) for text in ids]
        ends = np.cumsum(lengths).astype(np.uintp)
        words, positions, segments = self._tables
        width, inner = _filled(self.hidden_size, PANEL), _filled(self._inner, PANEL)
        states = np.zeros((int(ends[-1]), width), np.float32)
        states[:, : self.hidden_size] = self._normalised(
            words[np.concatenate(ids)] + positions[np.concatenate([np.arange(n) for n in lengths])] + segments[0]
        )
        longest = max(lengths)
        space = np.empty(len(states) * (4 * width + inner) + threads * _filled(longest, LANES), np.float32)
        library.through_layers(
            addressof(self._layers), self._depth, self.hidden_size, self._inner, self._heads, self._epsilon,
            self._exact, address(ends), len(ids), longest, address(states), address(space), threads,
        )  # fmt: skip
        return np.split(states[:, : self.hidden_size], ends[:-1].tolist())

    def _normalised(self, states: Array) -> Array:
        scale, shift = self._norm
        centred = states - states.mean(axis=-1, keepdims=True)
        deviation = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(self._epsilon))
        normalised: Array = centred / deviation * scale + shift
        return normalised

    def _layer(self, scope: str) -> list[Array]:
        """Matrices, biases and norms of one layer, as ``struct layer`` has them."""
        hidden, inner = self.hidden_size, self._inner
        shapes = [(hidden, hidden)] * 4 + [(hidden, inner), (inner, hidden)]
        matrices, biases = [], []
        for name, (inputs, outputs) in zip(_DENSE, shapes, strict=True):
            count = _filled(outputs, PANEL) // PANEL
            matrices.append(self._tensor(f"{scope}.{name}.panels", count, inputs, PANEL))
            bias = np.zeros(count * PANEL, np.float32)
            bias[:outputs] = self._tensor(f"{scope}.{name}.bias", outputs)
            biases.append(bias)
        norms = [self._tensor(f"{scope}.{name}.{part}", hidden) for name in _NORMS for part in ("weight", "bias")]
        return [*matrices, *biases, *norms]

    def _tensor(self, name: str, *shape: int) -> Array:
        """A tensor in float32, of this shape; -1 is any number."""
        tensor = self._tensors.get(name)
        fits = tensor is not None and len(tensor.shape) == len(shape)
        if (
            tensor is None
            or not fits
            or any(want not in (-1, got) for want, got in zip(shape, tensor.shape, strict=True))
        ):
            reason = f"{name} is " + ("missing" if tensor is None else f"of shape {tensor.shape}, not {shape}")
            raise ConfigurationError(str(self._file), reason, "export again")
        return np.ascontiguousarray(tensor, np.float32)


_TABLES = ("word", "position", "token_type")


def _filled(count: int, unit: int) -> int:
    """``count``, rounded up to whole ``unit``s."""
    return -(-count // unit) * unit
