"""Peaks of devices: by the data sheet, or measured."""

from __future__ import annotations

import pytest
import tensorflow as tf

from jobs.model.device_peak import peak_flops
from jobs.model.devices import Devices


@pytest.mark.parametrize(
    ("kind", "model", "peak"),
    [
        ("TPU", "v3-8", 52.5e12),
        ("GPU", "NVIDIA A100-SXM4-40GB", 312e12),
        ("TPU", "v5litepod-8", 197e12),
        ("TPU", "v5p-8", 459e12),
        ("TPU", "v6e-8", 918e12),
        ("GPU", "NVIDIA L4", 121e12),
        ("GPU", "NVIDIA L40S", None),
        ("GPU", "Some Other", None),
        ("TPU", "", None),
    ],
)
def test_peaks_of_known_devices(kind: str, model: str, peak: float | None) -> None:
    assert peak_flops(Devices(tf.distribute.get_strategy(), kind, model), "bfloat16") == peak


def test_a_cpu_s_peak_is_measured() -> None:
    peak = peak_flops(Devices(tf.distribute.get_strategy(), "CPU", ""), "float32")
    assert peak is not None
    assert peak > 1e8
