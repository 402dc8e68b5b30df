"""The TPU slices of one host that a GKE node pool offers, and what a pod says to get one.

From Google's "TPUs in GKE", "TPU v5e", "TPU v5p" and "TPU v6e" pages: a pod asks for all the chips of its host, and
names the slice by two labels. A topology of 2x4 is one host only with a machine type of eight chips (``-8t``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from jobs.errors import ConfigurationError

RESOURCE = "google.com/tpu"


@dataclass(frozen=True)
class Slice:
    accelerator: str
    """Value of the node label ``cloud.google.com/gke-tpu-accelerator``."""
    topology: str
    """Value of ``cloud.google.com/gke-tpu-topology``."""
    chips: int
    """Chips of the host. The device plugin gives all of them or none."""
    machine_type: str
    cpu: str
    """CPUs that a training pod may ask for: what the host has, less a reserve for the node."""
    memory: str
    replicas: int
    """What a batch is split over: the cores of v3, later the chips."""

    @property
    def node_selector(self) -> dict[str, str]:
        return {
            "cloud.google.com/gke-tpu-accelerator": self.accelerator,
            "cloud.google.com/gke-tpu-topology": self.topology,
        }


SLICES = {
    "v3-8": Slice("tpu-v3-device", "2x2", 4, "ct3-hightpu-4t", "90", "300Gi", 8),
    "v5litepod-8": Slice("tpu-v5-lite-podslice", "2x4", 8, "ct5lp-hightpu-8t", "200", "320Gi", 8),
    "v5p-8": Slice("tpu-v5p-slice", "2x2x1", 4, "ct5p-hightpu-4t", "190", "400Gi", 4),
    "v6e-8": Slice("tpu-v6e-slice", "2x4", 8, "ct6e-standard-8t", "160", "640Gi", 8),
}
"""Slices by the TPU API's name: the generation, then cores of v3 and v5p, chips of v5e and v6e."""

_NAME = re.compile(r"(v[0-9a-z]+)-([1-9][0-9]{0,5})")
_GENERATIONS = {"v5e": "v5litepod", "v5lite": "v5litepod", "v6": "v6e", "trillium": "v6e"}
"""Other names of a generation."""


def find_slice(name: str) -> Slice:
    """Raises ``ConfigurationError`` for a slice that is not one host's."""
    if name in SLICES:
        return SLICES[name]
    raise ConfigurationError(f"TPU {name}", why_refused(name), f"choose one of {', '.join(SLICES)}")


def why_refused(name: str) -> str:
    """Why training does not run on a slice of this name."""
    generation, _, size = name.strip().lower().partition("-")
    plain = f"{_GENERATIONS.get(generation, generation)}-{size}"
    if plain in SLICES:
        return f"{name!r} is not the name of a slice; write it as {plain}"
    found = _NAME.fullmatch(plain)
    for known in SLICES:
        whole = _NAME.fullmatch(known)
        assert whole
        if found and found[1] == whole[1] and int(found[2]) > int(whole[2]):
            return f"{name} has several hosts, and training runs on one: {known} is the largest such slice"
        if found and found[1] == whole[1]:
            return f"{name} is a part of a host; {known} is the whole one"
    return f"unknown TPU slice {name} (known: {', '.join(SLICES)})"
