"""How much of the hardware's arithmetic training uses: model FLOP/s against the peak of its matrix units."""

from __future__ import annotations

import re
import time

import tensorflow as tf

from jobs.model.devices import Devices

TERA = 1e12
PEAKS = {
    ("TPU", "v2"): 22.5,
    ("TPU", "v3"): 52.5,
    ("TPU", "v4"): 275.0,
    ("TPU", "v5lite"): 197.0,
    ("TPU", "v5p"): 459.0,
    ("TPU", "v6e"): 918.0,
    ("GPU", "A100"): 312.0,
    ("GPU", "H100"): 989.0,
    ("GPU", "L4"): 121.0,
}
"""Dense bfloat16 TFLOP/s of one replica, from the vendors' data sheets; of v2 and v3 a replica is a core."""


def peak_flops(devices: Devices, precision: str) -> float | None:
    """FLOP/s of all replicas together at best; None when unknown. A CPU's is measured, in some 0.1 s."""
    if devices.kind == "CPU":
        return _measured(tf.as_dtype(precision))
    for (kind, model), peak in PEAKS.items():
        # Not before a digit: an L40 is no L4.
        if kind == devices.kind and re.search(rf"{model}(?!\d)", devices.model):
            return peak * TERA * devices.count
    return None


def _measured(dtype: tf.DType, size: int = 1024) -> float:
    """Of one large matrix product; several logical CPUs share the same cores."""
    with tf.device("CPU:0"):
        matrix = tf.ones([size, size], dtype)
        best = float("inf")
        for _ in range(4):
            began = time.perf_counter()
            tf.matmul(matrix, matrix).numpy()
            best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best
