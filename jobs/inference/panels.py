"""A matrix in panels of columns, the order in which a product of a few rows reads memory fastest: see panels.c.

Each row of a product is the same to the last bit whatever rows are beside it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.inference.native import PANEL, library
from jobs.native import address

Array = NDArray[Any]


def in_panels(matrix: Array) -> Array:
    """A matrix [inputs, outputs] as panels [P, inputs, PANEL] in float32, the last one filled with zeros."""
    inputs, outputs = matrix.shape
    wide = np.zeros((inputs, -(-outputs // PANEL) * PANEL), np.float32)
    wide[:, :outputs] = matrix
    return np.ascontiguousarray(wide.reshape(inputs, -1, PANEL).swapaxes(0, 1))


def multiply(rows: Array, panels: Array, outputs: int) -> Array:
    """``rows`` [N, inputs] times the matrix of so many ``outputs`` that lies in ``panels``: [N, outputs], float32."""
    count, inputs, _ = panels.shape
    if rows.shape[1:] != (inputs,):
        raise ValueError(f"rows of shape {rows.shape} for a matrix of {inputs} inputs")
    rows = np.ascontiguousarray(rows, np.float32)
    product = np.empty((len(rows), count * PANEL), np.float32)
    library.multiply_panels(address(rows), len(rows), inputs, address(panels), count, address(product))
    return product[:, :outputs]
