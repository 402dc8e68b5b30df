"""A matrix in panels of columns, the order in which a product of a few rows reads memory fastest: see panels.c."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.inference.forward import WEIGHTS
from jobs.inference.mapped_tensors import mapped_tensors, write_tensors
from jobs.inference.native import PANEL

Array = NDArray[Any]

PANELS = "panels.safetensors"
"""Weights as ``store_panels`` leaves them."""


def in_panels(matrix: Array) -> Array:
    """A matrix [inputs, outputs] as panels [P, inputs, PANEL] in float32, the last one filled with zeros."""
    inputs, outputs = matrix.shape
    wide = np.zeros((inputs, -(-outputs // PANEL) * PANEL), np.float32)
    wide[:, :outputs] = matrix
    return np.ascontiguousarray(wide.reshape(inputs, -1, PANEL).swapaxes(0, 1))


def store_panels(directory: Path) -> None:
    """Replace the weights of a Hugging Face directory by the same with the matrices of dense layers in panels."""
    write_tensors(directory / PANELS, with_panels(mapped_tensors(directory / WEIGHTS)))
    (directory / WEIGHTS).unlink()


def with_panels(stored: dict[str, Array]) -> dict[str, Array]:
    """Weights by name, each matrix of a dense layer in panels; it is called ``panels`` then, and not ``weight``."""
    return {
        f"{name.removesuffix('.weight')}.panels" if is_matrix else name: in_panels(tensor.T) if is_matrix else tensor
        for name, tensor in stored.items()
        for is_matrix in [tensor.ndim == 2 and "embeddings." not in name]
    }
