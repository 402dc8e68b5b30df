"""An estimate of the energy that training took, from its hours and the power of its device. Pure.

It is an estimate and says by what: nothing here was measured with a meter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_OVERHEAD = 1.1
"""Power usage effectiveness: Google's fleet, by its environmental report of 2024."""

_WATTS = {
    "TPU v2": (280.0, 2, "280 W a chip (its thermal design power)"),
    "TPU v3": (220.0, 2, "220 W a chip (its measured mean power, cloud.google.com/tpu/docs/v3)"),
    "TPU v4": (170.0, 1, "170 W a chip (its measured mean power, cloud.google.com/tpu/docs/v4)"),
    "A100": (400.0, 1, "400 W a GPU (its thermal design power)"),
    "H100": (700.0, 1, "700 W a GPU (its thermal design power)"),
    "V100": (300.0, 1, "300 W a GPU (its thermal design power)"),
    "T4": (70.0, 1, "70 W a GPU (its thermal design power)"),
    "L4": (72.0, 1, "72 W a GPU (its thermal design power)"),
}
"""Watts of a chip, replicas a chip, and the basis; TPU v2 and v3 have two cores a chip, each a replica."""
_CPU_THREAD = 8.0
"""Watts of a busy hardware thread with its memory: about 250 W for 32, an assumption."""


@dataclass(frozen=True)
class Energy:
    kilowatt_hours: float
    basis: str


def training_energy(hours: float, device: str, replicas: int | None, threads: int | None) -> Energy | None:
    """None for a device whose power is not known.

    ``device`` is the training record's (``8 TPU v3-8``, ``1 CPU``); ``hours`` are of the whole run.
    """
    count = replicas or _count(device)
    if " CPU" in f" {device}":
        if not threads:
            return None
        return Energy(hours * threads * _CPU_THREAD / 1000, f"{_CPU_THREAD:.0f} W for each of {threads} CPU threads")
    for name, (watts, per_chip, basis) in _WATTS.items():
        if re.search(rf"\b{name}(?![0-9a-z])", device) and count:
            chips = -(-count // per_chip)
            kilowatt_hours = hours * chips * watts * _OVERHEAD / 1000
            return Energy(kilowatt_hours, f"{chips} chips at {basis}, times {_OVERHEAD} for the data centre; no host")
    return None


def _count(device: str) -> int | None:
    found = re.match(r"\d+", device)
    return int(found[0]) if found else None
