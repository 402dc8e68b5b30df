"""What a pod's accelerator is to everything that renders, checks or prices it, be it a TPU slice or GPUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.profiles import gpus, tpu_slices
from controller.profiles.gpus import Gpu
from controller.profiles.tpu_slices import find_slice
from jobs.flops import PEAK_FLOPS


@dataclass(frozen=True)
class Accelerator:
    name: str
    """``v6e-8``, or ``2 nvidia-l4``."""
    resource: str
    """The device plugin's resource, which is also the key of the nodes' taint."""
    count: int
    node_selector: Mapping[str, str]
    peak_flops: float | None
    """Peak bfloat16 FLOP/s; None when it is not known."""
    env: Mapping[str, str] = field(default_factory=dict)
    """Variables that tell the container of it."""


def accelerator_of(tpu: str, gpu: Gpu | None) -> Accelerator | None:
    """The accelerator of a pool with a TPU slice of this name, or with these GPUs; None: it has neither."""
    if tpu:
        found = find_slice(tpu)
        env = {"COVID_CTL_DEVICE": "tpu"}
        return Accelerator(tpu, tpu_slices.RESOURCE, found.chips, found.node_selector, PEAK_FLOPS.get(tpu), env)
    if gpu:
        env = {"COVID_CTL_DEVICE": "gpu"} | ({"COVID_CTL_ALL_REDUCE": "nccl"} if gpu.nccl else {})
        return Accelerator(str(gpu), gpus.RESOURCE, gpu.count, gpu.node_selector, gpu.peak_flops, env)
    return None
