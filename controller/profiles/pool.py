"""The nodes that a role's pods run on, and what they ask of them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, field_validator, model_validator

from controller.profiles.accelerators import Accelerator, accelerator_of
from controller.profiles.gpus import Gpu
from controller.profiles.placement import NodeLabels, Toleration, why_contradicted
from controller.profiles.quantities import Bytes, Cpu
from controller.profiles.tpu_slices import SLICES, why_refused
from jobs.validation import Section

SPOT = "cloud.google.com/gke-spot"
"""Label and taint of Spot nodes."""
MOST_FLEX_HOURS = 168
"""Hours after which flex-start nodes are taken away, from Google's pages on the Dynamic Workload Scheduler."""


class Role(StrEnum):
    """Role of a step's container. Each role has an image and a node pool of its own."""

    WORKER = "worker"
    TRAINER = "trainer"
    EXPORTER = "exporter"

    @property
    def pool(self) -> str:
        """Name of its pool in a profile."""
        return "workers" if self is Role.WORKER else str(self)


class Pool(Section):
    """The nodes that a kind of pod runs on, and what it asks of them."""

    cpu: Cpu
    """CPUs that a pod asks for, as Kubernetes writes them: ``4``, ``500m``. It may use what is to spare."""
    memory: Bytes
    """Memory that a pod asks for and may use, as Kubernetes writes it: ``16Gi``."""
    scratch: Bytes = "20Gi"
    """Disk for the pod's emptyDir."""
    node_selector: NodeLabels = Field(default_factory=dict)
    """Labels of the nodes, beside those that a TPU or GPU selects."""
    tolerations: tuple[Toleration, ...] = ()
    """Taints beside those of Spot nodes and accelerators, which are tolerated anyway."""
    spot: bool = False
    """On Spot nodes, which are cheap and taken away at 15 seconds' notice."""
    flex_start: bool = False
    """On nodes that the Dynamic Workload Scheduler starts for the Job and takes away after seven days:
    Kueue asks for them by a ProvisioningRequest."""
    tpu: str = ""
    """A slice of one host, such as ``v6e-8``."""
    gpu: Gpu | None = None
    """GPUs of one node, as ``{ kind = "nvidia-l4", count = 1 }``."""
    dollars_per_hour: float | None = Field(default=None, ge=0)
    """Price of one pod, in place of the built-in price table."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Pool:
        if self.tpu and self.gpu:
            raise ValueError("tpu and gpu exclude each other: choose one")
        if self.flex_start and self.spot:
            raise ValueError("flex_start and spot exclude each other: choose one")
        if self.flex_start and self.tpu == "v3-8":
            raise ValueError("flex_start is not offered for v3-8: choose a newer TPU, or spot")
        if self.flex_start and not self.accelerator:
            raise ValueError("flex_start is for TPUs and GPUs: set tpu or gpu, or leave it out")
        if reason := why_contradicted(self.node_selector, self._own_labels):
            raise ValueError(reason)
        return self

    @field_validator("tpu")
    @classmethod
    def _known_slice(cls, name: str) -> str:
        if name and name not in SLICES:
            raise ValueError(why_refused(name))
        return name

    @property
    def accelerator(self) -> Accelerator | None:
        return accelerator_of(self.tpu, self.gpu)

    @property
    def node_labels(self) -> dict[str, str]:
        """The labels that a node must have for a pod to run on it."""
        return {**self.node_selector, **self._own_labels}

    @property
    def _own_labels(self) -> dict[str, str]:
        accelerator = self.accelerator.node_selector if self.accelerator else {}
        return {**accelerator, **({SPOT: "true"} if self.spot else {})}
