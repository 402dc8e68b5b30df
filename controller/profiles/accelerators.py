"""What a pod's accelerator is to everything that renders, checks or prices it, be it a TPU slice or GPUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.profiles import gpus, tpu_slices
from controller.profiles.gpus import Gpu
from controller.profiles.tpu_slices import find_slice
from jobs.flops import PEAK_FLOPS
from jobs.training_memory import REPLICA_MEMORY


@dataclass(frozen=True)
class Accelerator:
    name: str
    """``v6e-8``, or ``2 nvidia-l4``."""
    resource: str
    """The device plugin's resource, which is also the key of the nodes' taint."""
    count: int
    replicas: int
    """What a batch is split over."""
    replica_memory: float | None
    """Bytes of one; None when it is not known."""
    node_selector: Mapping[str, str]
    peak_flops: float | None
    """Peak bfloat16 FLOP/s; None when it is not known."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables that tell the container of it."""


def accelerator_of(tpu: str, gpu: Gpu | None) -> Accelerator | None:
    """The accelerator of a pool with a TPU slice of this name, or with these GPUs; None: it has neither."""
    if tpu:
        found = find_slice(tpu)
        return Accelerator(
            name=tpu,
            resource=tpu_slices.RESOURCE,
            count=found.chips,
            replicas=found.replicas,
            replica_memory=REPLICA_MEMORY[tpu.partition("-")[0].replace("litepod", "lite")],
            node_selector=found.node_selector,
            peak_flops=PEAK_FLOPS.get(tpu),
            env={"COVID_CTL_DEVICE": "tpu"},
        )
    if gpu:
        env = {"COVID_CTL_DEVICE": "gpu"} | ({"COVID_CTL_ALL_REDUCE": "nccl"} if gpu.nccl else {})
        return Accelerator(
            name=str(gpu),
            resource=gpus.RESOURCE,
            count=gpu.count,
            replicas=gpu.count,
            replica_memory=gpu.memory,
            node_selector=gpu.node_selector,
            peak_flops=gpu.peak_flops,
            env=env,
        )
    return None
