"""The most FLOP/s that the devices' matrix units can do: what a run's utilisation is measured against."""

from __future__ import annotations

import re
import time

import tensorflow as tf

from jobs.flops import REPLICA_PEAKS
from jobs.model.devices import Devices


def peak_flops(devices: Devices, precision: str) -> float | None:
    """Peak FLOP/s of all replicas together; None when unknown. A CPU's peak is measured, in about 0.1 s."""
    if devices.kind == "CPU":
        return _measured(tf.as_dtype(precision))
    for (kind, model), peak in REPLICA_PEAKS.items():
        # No digit may follow: an L40 is not an L4.
        if kind == devices.kind and re.search(rf"{model}(?!\d)", devices.model):
            return peak * devices.count
    return None


def _measured(dtype: tf.DType, size: int = 1024) -> float:
    """FLOP/s of one large matrix product; several logical CPUs share the same cores."""
    with tf.device("CPU:0"):
        matrix = tf.ones([size, size], dtype)
        best = float("inf")
        for _ in range(4):
            began = time.perf_counter()
            tf.matmul(matrix, matrix).numpy()
            best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best
