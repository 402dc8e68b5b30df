"""The TPU slices of one host that a GKE node pool offers, and what a pod says to get one.

From Google's "TPUs in GKE" pages: a pod asks for all the chips of its host and names the slice by two labels.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobs.errors import ConfigurationError
from jobs.validation import nearest

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

    @property
    def node_selector(self) -> dict[str, str]:
        return {
            "cloud.google.com/gke-tpu-accelerator": self.accelerator,
            "cloud.google.com/gke-tpu-topology": self.topology,
        }


SLICES = {"v3-8": Slice("tpu-v3-device", "2x2", 4, "ct3-hightpu-4t")}
"""Slices by the TPU API's name, which is generation and cores."""


def find_slice(name: str) -> Slice:
    """Raises ``ConfigurationError`` for a slice that is not one host's."""
    if name in SLICES:
        return SLICES[name]
    reason = f"unknown, or of several hosts, which training does not use{nearest(name, SLICES)}"
    raise ConfigurationError(f"TPU {name}", reason, f"choose one of {', '.join(SLICES)}")
