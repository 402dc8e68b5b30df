"""Checkpoints in the bucket: one object with all numbers, then a small record that vouches for it.

checkpoints/00000200.safetensors   every variable and optimizer slot under its name, float32
checkpoints/00000200.json          written last: a checkpoint without its record does not exist
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog
import tensorflow as tf
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from jobs.artifact import Artifact, Output
from jobs.errors import ConfigurationError, CovidCtlError, DamagedError, MissingObjectError
from jobs.spec import canonical

FOLDER = "checkpoints"
KEPT = 2
"""The newest, and one to fall back on should it turn out damaged."""

State = Mapping[str, tf.Variable]

log = structlog.get_logger()


@dataclass(frozen=True)
class Progress:
    """What a run needs to go on, beside its variables."""

    step: int
    """Updates made."""
    train_seconds: float
    """Over all processes that took part."""
    evaluations: tuple[dict[str, Any], ...]


def save(artifact: Artifact, state: State, progress: Progress, scratch: Path) -> None:
    """Write a checkpoint, then remove all but the newest ``KEPT``."""
    name = f"{progress.step:08d}"
    # Metadata is one entry: safetensors writes several in an order that differs from run to run.
    metadata = {"checkpoint": canonical({"spec_sha256": artifact.spec.sha256, "step": progress.step}).decode()}
    file = scratch / f"{name}.safetensors"
    write_tensors(file, state, metadata)
    output = artifact.upload(f"{FOLDER}/{name}.safetensors", file)
    file.unlink()
    record = {**asdict(progress), "size": output.size, "crc32c": output.crc32c}
    artifact.store.put(artifact.path(f"{FOLDER}/{name}.json"), canonical(record))
    _prune(artifact, progress.step)
    log.info("checkpoint.saved", step=progress.step, bytes=output.size)


def restore(artifact: Artifact, state: State, scratch: Path) -> Progress | None:
    """Load the newest sound checkpoint into ``state``; None when there is none.

    A damaged one is reported and the one before it is used.
    """
    for step in reversed(_steps(artifact, ".json")):
        try:
            progress = _load(artifact, step, state, scratch)
        # Not any StoreError: a bucket that is away for a moment must not cost the newest checkpoint.
        except (DamagedError, MissingObjectError, SafetensorError, ValueError, KeyError, TypeError) as error:
            reason = error.reason if isinstance(error, CovidCtlError) else repr(error)
            log.warning("checkpoint.rejected", step=step, reason=reason)
            continue
        log.info("checkpoint.restored", step=step)
        return progress
    return None


def write_tensors(file: Path, variables: State, metadata: dict[str, str]) -> None:
    save_file({name: variable.numpy() for name, variable in variables.items()}, file, metadata)


def _load(artifact: Artifact, step: int, state: State, scratch: Path) -> Progress:
    """All or nothing: ``state`` is touched once everything is known to fit."""
    name = f"{step:08d}"
    record = json.loads(artifact.store.get(artifact.path(f"{FOLDER}/{name}.json")))
    progress = Progress(record["step"], record["train_seconds"], tuple(record["evaluations"]))
    relative = f"{FOLDER}/{name}.safetensors"
    file = scratch / f"restored-{name}.safetensors"
    artifact.download(Output(relative, record["size"], record["crc32c"]), file)
    with safe_open(file, "numpy") as tensors:
        if json.loads(tensors.metadata()["checkpoint"])["spec_sha256"] != artifact.spec.sha256:
            raise ConfigurationError(relative, "it belongs to another step's spec", "submit with --fresh")
        shapes = {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118
        if shapes != {key: tuple(variable.shape) for key, variable in state.items()}:
            raise ConfigurationError(relative, "its variables are not this model's", "submit with --fresh")
        for key, variable in state.items():
            variable.assign(tensors.get_tensor(key))
    file.unlink()
    return progress


def _prune(artifact: Artifact, newest: int) -> None:
    """Remove all but the last ``KEPT``; one beyond ``newest`` was rejected when this run was resumed.

    Records go before their objects, and objects without a record go too: a kill in between leaves
    no record that promises what is gone, and no object forever.
    """
    kept = [step for step in _steps(artifact, ".json") if step <= newest][-KEPT:]
    for suffix in (".json", ".safetensors"):
        for step in _steps(artifact, suffix):
            if step not in kept:
                artifact.store.delete(artifact.path(f"{FOLDER}/{step:08d}{suffix}"))


def _steps(artifact: Artifact, suffix: str) -> list[int]:
    names = [Path(info.path) for info in artifact.store.objects(artifact.path(FOLDER))]
    return sorted(int(name.stem) for name in names if name.suffix == suffix and name.stem.isdecimal())
