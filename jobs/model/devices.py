"""Where training runs: one ``tf.distribute`` strategy, whatever the machine has.

Nothing else of the model or the loop asks for the kind of device.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import threading
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from jobs.errors import ConfigurationError

VARIABLE = "COVID_CTL_DEVICE"
"""Environment variable: ``auto`` (the default), ``cpu``, ``gpu`` or ``tpu``. Where a step runs is no part
of its spec, and a pod's manifest knows its node."""
KINDS = ("auto", "cpu", "gpu", "tpu")


@dataclass(frozen=True)
class Devices:
    """What a run computes on."""

    strategy: tf.distribute.Strategy
    kind: str
    """CPU, GPU or TPU."""
    model: str
    """As the vendor calls it (``NVIDIA A100-SXM4-40GB``, ``v3-8``); empty when unknown."""

    @property
    def count(self) -> int:
        """Replicas: a batch is split into so many parts. A TPU chip of v3 counts twice, for its two cores."""
        return int(self.strategy.num_replicas_in_sync)

    def __str__(self) -> str:
        return f"{self.count} {self.kind}"

    def share(self, batch_size: int, accumulation: int = 1) -> int:
        """What a replica computes at once of a batch, in examples: of its part one of ``accumulation``.

        Raises ``ConfigurationError`` when they do not come out even.
        """
        parts = self.count * accumulation
        if batch_size % parts:
            even = -(-batch_size // parts) * parts
            turns = f" in {accumulation} turns (schedule.accumulation)" if accumulation > 1 else ""
            raise ConfigurationError(
                f"schedule.train_batch_size {batch_size}",
                f"it cannot be split evenly over {self.count} replicas ({self}){turns}",
                f"submit it with a multiple: --set schedule.train_batch_size={even}",
            )
        return batch_size // parts


def find_devices(wanted: str | None = None) -> Devices:
    """The devices of ``wanted`` kind; None asks the environment, ``auto`` takes the fastest kind there is.

    A TPU is initialised, which forgets what was on it. Raises ``ConfigurationError`` where a kind is
    asked for that this machine has not.
    """
    kind = os.environ.get(VARIABLE, "auto") if wanted is None else wanted
    if kind not in KINDS:
        raise ConfigurationError(VARIABLE, f"{kind!r} is no kind of device", f"set it to one of {', '.join(KINDS)}")
    if kind == "tpu" or (kind == "auto" and _has_tpu()):
        return _tpu()
    if kind == "gpu" or (kind == "auto" and tf.config.list_logical_devices("GPU")):
        return _gpu()
    return Devices(_mirrored("CPU"), "CPU", "")


def _mirrored(kind: str) -> tf.distribute.Strategy:
    names = [device.name for device in tf.config.list_logical_devices(kind)]
    if len(names) == 1:
        return tf.distribute.OneDeviceStrategy(names[0])
    # Sums in a fixed order. NCCL is faster between GPUs, but not the same from run to run.
    return tf.distribute.MirroredStrategy(names, cross_device_ops=tf.distribute.ReductionToOneDevice())


def _gpu() -> Devices:
    found = tf.config.list_physical_devices("GPU")
    if not found:
        raise ConfigurationError(
            f"{VARIABLE}=gpu", "TensorFlow finds no GPU here", "run it on a GPU node with its drivers, or unset it"
        )
    details = tf.config.experimental.get_device_details(found[0])
    return Devices(_mirrored("GPU"), "GPU", str(details.get("device_name", "")))


def _has_tpu() -> bool:
    """By its device files, for asking libtpu itself can take minutes where there is none."""
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
        lines = str(error).strip().splitlines()
        raise ConfigurationError(
            f"{VARIABLE}=tpu",
            f"there is no TPU that TensorFlow {tf.__version__} can use here ({lines[0] if lines else repr(error)})",
            "run it on a TPU node in the image with tensorflow-tpu, or unset it",
        ) from error
    finally:
        # libtpu installs a SIGTERM handler of its own over Python's.
        if handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, handler)
    return Devices(strategy, "TPU", os.environ.get("TPU_ACCELERATOR_TYPE", ""))


def _on_google_cloud() -> bool:
    try:
        return "Google" in Path("/sys/class/dmi/id/product_name").read_text()
    except OSError:
        return False
