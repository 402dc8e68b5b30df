"""What a process computes on. Trained weights follow from it in their last bits, so a run records it."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from pathlib import Path

import tensorflow as tf
from pydantic import BaseModel, ConfigDict, Field

from jobs.model.devices import Devices


class Hardware(BaseModel):
    """Everything on which sums may be rounded differently."""

    model_config = ConfigDict(frozen=True, strict=True)

    device: str
    """Number, kind and model: ``8 TPU v3-8``."""
    replicas: int
    threads: int
    """Threads that share an operation on the CPU."""
    processor: str
    """The CPU's model."""
    tensorflow: str
    """Its version."""

    def __str__(self) -> str:
        return f"{self.device}, {self.threads} threads of {self.processor}, TensorFlow {self.tensorflow}"


class ProcessRecord(BaseModel):
    """One of the processes that a run took."""

    model_config = ConfigDict(frozen=True, strict=True)

    hardware: Hardware
    first_step: int = Field(ge=0)
    seconds: float = Field(ge=0)
    """Training time until its last checkpoint, or until its end."""


def this_hardware(devices: Devices) -> Hardware:
    """The hardware of this process."""
    return Hardware(
        device=" ".join(filter(None, (str(devices), devices.model))),
        replicas=devices.count,
        threads=tf.config.threading.get_intra_op_parallelism_threads() or len(os.sched_getaffinity(0)),
        processor=_processor(),
        tensorflow=tf.__version__,
    )


def device_hours(processes: Iterable[ProcessRecord]) -> float:
    """Hours of each process times its replicas."""
    return sum(process.seconds * process.hardware.replicas for process in processes) / 3600


def seconds_since(processes: Iterable[ProcessRecord], first_step: int) -> float:
    """Time of the processes that began at ``first_step`` or later."""
    return sum(process.seconds for process in processes if process.first_step >= first_step)


def distinct(processes: Iterable[ProcessRecord]) -> list[Hardware]:
    """What the run computed on, in the order of time, each once."""
    return list(dict.fromkeys(process.hardware for process in processes))


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.machine()
