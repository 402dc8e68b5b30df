"""Peaks of devices: by the data sheet, or measured."""

from __future__ import annotations

import pytest
import structlog
import structlog.testing
import tensorflow as tf

from jobs.model import device_peak
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


@pytest.mark.parametrize(("ratio", "warned"), [(0.3, True), (1.0, False), (8.0, False)])
def test_emulated_bfloat16_is_said_to_be_slow(ratio: float, warned: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    speeds = {tf.float32: 1e9, tf.bfloat16: ratio * 1e9}
    monkeypatch.setattr(device_peak, "_measured", lambda dtype, _device: speeds[dtype])
    with structlog.testing.capture_logs() as logs:
        device_peak.warn_of_emulation(Devices(tf.distribute.get_strategy(), "GPU", "Tesla T4"), "bfloat16")
        device_peak.warn_of_emulation(Devices(tf.distribute.get_strategy(), "GPU", "Tesla T4"), "float32")
    assert [log["speed_of_float32"] for log in logs] == ([ratio] if warned else [])
