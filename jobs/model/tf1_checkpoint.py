"""google-research's checkpoints: TensorFlow 1's ``.index`` and ``.data`` files, written and read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from jobs.errors import ConfigurationError
from jobs.model.tf_errors import first_line
from jobs.weights.account import Contents
from jobs.weights.variable_names import Array, google_name, is_optimizer_state, tensors

_FLOATS = (tf.float32, tf.float16, tf.float64, tf.bfloat16)
_OBJECT_GRAPH = "_CHECKPOINTABLE_OBJECT_GRAPH"
_DAMAGE = (tf.errors.OpError, ValueError, RuntimeError, LookupError)
"""The reader raises Python's own errors for some codes: ``IndexError`` when the data end too early."""


class GoogleWeights:
    """A checkpoint by its prefix, ``.../model.ckpt-150000``.

    Raises ``ConfigurationError``, naming the file below ``source``, when it is damaged or holds a variable twice.
    """

    def __init__(self, prefix: Path, source: str, config: Mapping[str, Any]) -> None:
        self._prefix = prefix
        self._source = source
        try:
            self._reader = tf.train.load_checkpoint(str(prefix))
            shapes = {name: tuple(shape) for name, shape in self._reader.get_variable_to_shape_map().items()}
        except _DAMAGE as error:
            raise self._damaged(f"{prefix.name}.index", error) from error
        if _OBJECT_GRAPH in shapes:
            reason = "a TensorFlow 2 checkpoint of objects, whose variables do not have the names of google's BERT"
            raise ConfigurationError(
                source, reason, "give the model's TensorFlow 1 checkpoint or its model.safetensors"
            )
        self._types = self._reader.get_variable_to_dtype_map()
        known = {tensor.google for tensor in tensors(config)}
        aside = [name for name in shapes if is_optimizer_state(name, known)]
        found = {name: (google_name(name), shape) for name, shape in shapes.items() if name not in aside}
        self.contents = Contents.of(found, aside, source)

    def read(self, name: str) -> Array:
        """A variable by google's name, float32. Its checksum in the index is compared with the data."""
        stored = self.contents.stored[name]
        if self._types[stored] not in _FLOATS:
            reason = f"{stored} is {self._types[stored].name}, not a float"
            raise ConfigurationError(self._source, reason, "give a checkpoint with plain weights, not quantised ones")
        try:
            return np.asarray(self._reader.get_tensor(stored), dtype=np.float32)
        except _DAMAGE as error:
            raise self._damaged(f"{self._prefix.name}.data, {stored}", error) from error

    def check(self) -> None:
        """Nothing: what google stores, it stores once."""

    def _damaged(self, where: str, error: Exception) -> ConfigurationError:
        # TensorFlow names the copy that it read: the user knows the original.
        reason = first_line(error).replace(f"{self._prefix.parent}/", "")
        return ConfigurationError(
            f"{self._source}: {where}", f"damaged: {reason}", "get it again and compare its size and checksum"
        )


def write_google_checkpoint(weights: Mapping[str, Array], prefix: Path) -> None:
    """``prefix.index`` and ``prefix.data-00000-of-00001``: the same bytes for the same weights."""
    names = sorted(weights)
    values = [tf.convert_to_tensor(weights[name]) for name in names]
    tf.raw_ops.SaveV2(prefix=str(prefix), tensor_names=names, shape_and_slices=[""] * len(names), tensors=values)
