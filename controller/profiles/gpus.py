"""The NVIDIA GPUs that GKE's machine types have, and what a pod says to get some.

From Google's pages "GPU machine types" and "Run GPUs in GKE Standard node pools": a pod asks for so many GPUs of one
node, which a label names, and GKE taints such nodes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import Field, model_validator

from jobs.flops import REPLICA_PEAKS
from jobs.nearest import nearest
from jobs.training_memory import GB
from jobs.validation import Section

RESOURCE = "nvidia.com/gpu"


@dataclass(frozen=True)
class GpuKind:
    model: str
    """As in ``jobs.flops.REPLICA_PEAKS``."""
    memory: float
    """Bytes of one."""
    machine_types: Mapping[int, str]
    """By the number of GPUs: the smallest machine type that has so many."""


KINDS = {
    "nvidia-l4": GpuKind(
        "L4", 24 * GB, {1: "g2-standard-8", 2: "g2-standard-24", 4: "g2-standard-48", 8: "g2-standard-96"}
    ),
    "nvidia-tesla-a100": GpuKind(
        "A100",
        40 * GB,
        {**{count: f"a2-highgpu-{count}g" for count in (1, 2, 4, 8)}, 16: "a2-megagpu-16g"},
    ),
    "nvidia-a100-80gb": GpuKind("A100", 80 * GB, {count: f"a2-ultragpu-{count}g" for count in (1, 2, 4, 8)}),
    "nvidia-h100-80gb": GpuKind("H100", 80 * GB, {count: f"a3-highgpu-{count}g" for count in (1, 2, 4, 8)}),
}
"""By the value of the node label ``cloud.google.com/gke-accelerator``."""


class Gpu(Section):
    """GPUs of one node."""

    kind: str = ""
    """``nvidia-l4`` and so on; empty on a cluster that is not GKE's, where ``node_selector`` names the nodes."""
    count: int = Field(1, gt=0, le=64)
    """GPUs of a pod, all of one node."""
    nccl: bool = False
    """Sum gradients over several GPUs with NCCL: faster, and not the same to the last bit from run to run."""

    @model_validator(mode="after")
    def _is_offered(self) -> Gpu:
        if not self.kind:
            return self
        if self.kind not in KINDS:
            raise ValueError(
                f"unknown GPU {self.kind}{nearest(self.kind, KINDS)} (known: {', '.join(KINDS)}; for another one leave "
                "kind out and name its nodes by node_selector)"
            )
        counts = KINDS[self.kind].machine_types
        if self.count not in counts:
            have = ", ".join(map(str, counts))
            raise ValueError(f"no machine type has {self.count} of {self.kind}: they have {have}")
        return self

    @property
    def node_selector(self) -> dict[str, str]:
        return {"cloud.google.com/gke-accelerator": self.kind} if self.kind else {}

    @property
    def memory(self) -> float | None:
        """Bytes of each; None when it is not known."""
        return KINDS[self.kind].memory if self.kind else None

    @property
    def peak_flops(self) -> float | None:
        """Peak bfloat16 FLOP/s of all of them; None when it is not known."""
        return self.count * REPLICA_PEAKS["GPU", KINDS[self.kind].model] if self.kind else None

    def __str__(self) -> str:
        return f"{self.count} {self.kind or 'GPU'}"


GPUS_OF_A_MACHINE = 8


def peaks_of_machines() -> dict[str, float]:
    """Peak FLOP/s of that many of each kind."""
    return {kind: Gpu(kind=kind, count=GPUS_OF_A_MACHINE).peak_flops or 0.0 for kind in KINDS}
