"""The most FLOP/s that the devices' matrix units can do: what a run's utilisation is measured against."""

from __future__ import annotations

import re
import time

import structlog
import tensorflow as tf

from jobs.flops import REPLICA_PEAKS
from jobs.model.devices import Devices

EMULATED_BELOW = 0.9
"""Times the speed of float32: units for bfloat16 are at least as fast, but for what measuring varies."""


def peak_flops(devices: Devices, precision: str) -> float | None:
    """Peak FLOP/s of all replicas together; None when unknown. A CPU's peak is measured, in about 0.1 s."""
    if devices.kind == "CPU":
        return _measured(tf.as_dtype(precision))
    for (kind, model), peak in REPLICA_PEAKS.items():
        # No digit may follow: an L40 is not an L4.
        if kind == devices.kind and re.search(rf"{model}(?!\d)", devices.model):
            return peak * devices.count
    return None


def warn_of_emulation(devices: Devices, precision: str, section: str = "schedule") -> None:
    """Logs a warning where matrix products of ``precision`` are slower than float32's, with how much slower.
    ``section`` of the recipe sets it.

    Processors without bfloat16 units (GPUs before Ampere, CPUs without AMX or AVX-512 BF16) convert back and forth.
    """
    if precision == "float32" or devices.kind == "TPU":
        return
    device = f"{devices.kind}:0"
    ratio = _measured(tf.as_dtype(precision), device) / _measured(tf.float32, device)
    if ratio < EMULATED_BELOW:
        structlog.get_logger().warning(
            "precision.emulated",
            precision=precision,
            device=str(devices),
            speed_of_float32=round(ratio, 2),
            remedy=f"--set {section}.precision=float32",
        )


def _measured(dtype: tf.DType, device: str = "CPU:0", size: int = 1024) -> float:
    """FLOP/s of one large matrix product; several logical CPUs share the same cores."""
    with tf.device(device):
        matrix = tf.ones([size, size], dtype)
        best = float("inf")
        for _ in range(4):
            began = time.perf_counter()
            tf.matmul(matrix, matrix).numpy()
            best = min(best, time.perf_counter() - began)
    return 2 * size**3 / best
