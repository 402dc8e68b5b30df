"""The devices that training runs on: one ``tf.distribute`` strategy, whatever the machine has.

No other part of the model or the loop depends on the kind of device.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf
from tensorflow.python.client.device_lib import list_local_devices

from jobs.batch_split import per_replica
from jobs.errors import ConfigurationError
from jobs.model.tf_errors import first_line
from jobs.training_memory import REPLICA_MEMORY, Footprint, machine_memory

TENSORFLOW_VERSION: str = tf.__version__
"""For whoever must not import tensorflow before ``jobs.model``, which holds back its greeting."""

DEVICE_VARIABLE = "COVID_CTL_DEVICE"
"""Environment variable: ``auto`` (the default), ``cpu``, ``gpu`` or ``tpu``. Where a step runs is not part of its
spec; a pod's manifest sets it for its node."""
ALL_REDUCE_VARIABLE = "COVID_CTL_ALL_REDUCE"
"""Environment variable: how several GPUs add up their gradients. ``ordered`` (the default), the same every time, or
``nccl``, faster, whose sums differ in their last bits from run to run."""
KINDS = ("auto", "cpu", "gpu", "tpu")
DRIVER = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True)
class Devices:
    """What a run computes on."""

    strategy: tf.distribute.Strategy
    kind: str
    """CPU, GPU or TPU."""
    model: str
    """The vendor's name for it (``NVIDIA A100-SXM4-40GB``, ``v3-8``); empty when unknown."""

    @property
    def count(self) -> int:
        """Replicas, over which a batch is split. A TPU v3 chip counts twice, for its two cores."""
        return int(self.strategy.num_replicas_in_sync)

    def __str__(self) -> str:
        return f"{self.count} {self.kind}"

    @property
    def memory(self) -> float | None:
        """Bytes that a replica has; on CPUs, which share them, all replicas together. None: not known."""
        if self.kind == "CPU":
            return machine_memory()
        if self.kind == "GPU":
            return float(min(one.memory_limit for one in list_local_devices() if one.device_type == "GPU"))
        return next((bytes for name, bytes in REPLICA_MEMORY.items() if self.model.startswith(name)), None)

    def microbatches(self, footprint: Footprint, batch_size: int) -> int:
        """The fewest parts that a batch can be computed in. Raises ``ConfigurationError`` as the next method does."""
        size = self.per_replica_batch_size(batch_size)
        if self.memory is None:
            return 1
        if self.kind == "CPU":
            return footprint.fewest_parts(size, self.memory / self.count)
        return footprint.fewest_parts(size, self.memory)

    def per_replica_batch_size(self, batch_size: int, accumulation: int = 1, section: str = "schedule") -> int:
        """Examples that a replica computes at once: one of its ``accumulation`` microbatches.

        Raises ``ConfigurationError`` when a batch cannot be split evenly.
        """
        return per_replica(batch_size, self.count, str(self), accumulation, section)


def find_devices(wanted: str | None = None) -> Devices:
    """The devices of the ``wanted`` kind. None asks the environment; ``auto`` takes the fastest kind there is.

    A TPU is initialised, which clears its memory. Raises ``ConfigurationError`` for a kind that this machine lacks.
    """
    kind = os.environ.get(DEVICE_VARIABLE, "auto") if wanted is None else wanted
    if kind not in KINDS:
        raise ConfigurationError(
            DEVICE_VARIABLE, f"{kind!r} is not a kind of device", f"set it to one of {', '.join(KINDS)}"
        )
    if kind == "tpu" or (kind == "auto" and _has_tpu()):
        return _tpu()
    if kind == "gpu" or (kind == "auto" and tf.config.list_logical_devices("GPU")):
        return _gpu()
    return Devices(_mirrored("CPU"), "CPU", "")


def _mirrored(kind: str) -> tf.distribute.Strategy:
    names = [device.name for device in tf.config.list_logical_devices(kind)]
    all_reduce = os.environ.get(ALL_REDUCE_VARIABLE, "ordered")
    if all_reduce not in ("ordered", "nccl"):
        raise ConfigurationError(
            ALL_REDUCE_VARIABLE, f"{all_reduce!r} is no way to add up", "set it to ordered or nccl"
        )
    if len(names) == 1:
        return tf.distribute.OneDeviceStrategy(names[0])
    if kind == "GPU" and all_reduce == "nccl":
        return tf.distribute.MirroredStrategy(names, cross_device_ops=tf.distribute.NcclAllReduce())
    return tf.distribute.MirroredStrategy(names, cross_device_ops=tf.distribute.ReductionToOneDevice())


def _gpu() -> Devices:
    found = tf.config.list_physical_devices("GPU")
    if not found:
        reason, remedy = _why_no_gpu()
        raise ConfigurationError(f"{DEVICE_VARIABLE}=gpu", reason, remedy)
    details = tf.config.experimental.get_device_details(found[0])
    nccl = len(found) > 1 and os.environ.get(ALL_REDUCE_VARIABLE) == "nccl"
    name = str(details.get("device_name", ""))
    return Devices(_mirrored("GPU"), "GPU", f"{name} with NCCL" if nccl else name)


def _why_no_gpu() -> tuple[str, str]:
    """The reason and what to do about it."""
    if not tf.test.is_built_with_cuda():
        reason = f"TensorFlow {tf.__version__} here is built without CUDA"
        return reason, "use the image trainer-gpu, or pip install 'tensorflow[and-cuda]'; or unset it"
    if not DRIVER.exists():
        reason = "there is no NVIDIA driver here"
        return reason, "give the node pool gpu-driver-version=latest, or install the driver; or unset it"
    reason = f"TensorFlow finds no GPU here, though there is a driver ({DRIVER.read_text().splitlines()[0]})"
    return reason, "have the pod ask for nvidia.com/gpu, and see what TensorFlow logged of CUDA's libraries"


def _has_tpu() -> bool:
    """Looks for device files, since asking libtpu itself can take minutes where there is no TPU."""
    files = [*Path("/dev").glob("accel[0-9]*"), *Path("/dev/vfio").glob("[0-9]*")]
    return bool(files) and importlib.util.find_spec("libtpu") is not None


def _tpu() -> Devices:
    if not _on_google_cloud():
        # libtpu would ask the metadata server there until it gives up.
        os.environ.setdefault("TPU_SKIP_MDS_QUERY", "true")
    handler = signal.getsignal(signal.SIGTERM)
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver("local")
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
        strategy = tf.distribute.TPUStrategy(resolver)
    except (tf.errors.OpError, ValueError, RuntimeError) as error:
        raise ConfigurationError(
            f"{DEVICE_VARIABLE}=tpu",
            f"there is no TPU that TensorFlow {tf.__version__} can use here ({_why_no_tpu(error)})",
            "run it on a TPU node in the image with tensorflow-tpu, or unset it",
        ) from error
    finally:
        # libtpu installs a SIGTERM handler of its own over Python's.
        if handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
    return Devices(strategy, "TPU", os.environ.get("TPU_ACCELERATOR_TYPE", ""))


def _why_no_tpu(error: Exception) -> str:
    said = first_line(error)
    if "No OpKernel was registered" in said:
        return "it is built without them"
    return said.partition(" Failed in initialization")[0][:200]


def _on_google_cloud() -> bool:
    try:
        return "Google" in Path("/sys/class/dmi/id/product_name").read_text()
    except OSError:
        return False
