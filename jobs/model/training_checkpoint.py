"""Checkpoints in the bucket: one object with all numbers, then a small record that vouches for it.

checkpoints/00000200-1f2e3d4c.safetensors   every variable and optimizer slot under its name, float32
checkpoints/00000200.json                   written last: a checkpoint without its record does not exist

The name of the numbers is in the record and belongs to one attempt: two trainers of a step that save at the same
moment never write to the same object.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import structlog
import tensorflow as tf
from pydantic import BaseModel, ConfigDict, Field
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from jobs.artifact import Artifact, Output
from jobs.errors import ConfigurationError, CovidCtlError, DamagedError, MissingObjectError
from jobs.json_text import from_json
from jobs.layout import CHECKPOINTS, checkpoint_file, checkpoint_record, checkpoint_step
from jobs.model.evaluation import Evaluation, best_step
from jobs.model.hardware import ProcessRecord
from jobs.seal import sealed
from jobs.spec import canonical

KEPT = 2
"""The newest, and one to fall back on should it turn out damaged; the best is kept beside them."""

PART = 8 << 20
"""Bytes that are sent at a time."""

Variables = Mapping[str, tf.Variable]
Tensors = Mapping[str, npt.NDArray[np.float32]]

log = structlog.get_logger()


class RunRecord(BaseModel):
    """What a run needs to go on, beside its variables."""

    model_config = ConfigDict(frozen=True, strict=True)

    step: int = Field(ge=0)
    """Steps made."""
    train_seconds: float = Field(ge=0)
    """Over all processes that took part."""
    evaluations: tuple[Evaluation, ...] = ()
    rejected: tuple[int, ...] = ()
    """Steps whose checkpoints were found damaged when the run was resumed."""
    processes: tuple[ProcessRecord, ...] = ()
    """The processes that took part, in the order of time; none in records of earlier versions."""
    extended_at: int = Field(0, ge=0)
    """Steps made by the finished run that this one extends; 0 if it extends none."""

    @property
    def best_step(self) -> int | None:
        """The best of this run's own steps that were evaluated."""
        return best_step(self.evaluations, self.extended_at)

    @classmethod
    def at_start(cls, rejected: Iterable[int] = ()) -> RunRecord:
        """A run that has made no step yet."""
        return cls(step=0, train_seconds=0.0, rejected=tuple(rejected))


class _CheckpointRecord(RunRecord):
    """The JSON object beside the numbers."""

    size: int
    crc32c: str
    file: str = Field("", pattern=r"^([0-9]{8,12}(-[0-9a-f]{8})?\.safetensors)?$")
    """Beside the record; empty in records of earlier versions: the step's number alone."""

    @property
    def numbers(self) -> Output:
        return Output(f"{CHECKPOINTS}/{self.file or f'{self.step:08d}.safetensors'}", self.size, self.crc32c)


def snapshot(variables: Variables) -> Tensors:
    """A copy of the variables' values, which later steps do not touch."""
    return {name: np.array(variable.numpy()) for name, variable in variables.items()}


def save(artifact: Artifact, tensors: Tensors, run: RunRecord) -> None:
    """Write a checkpoint, then remove all but the newest ``KEPT`` and the best.

    One that another trainer of the step has saved stands; one that this run rejected is written anew.
    """
    path, anew = artifact.path(checkpoint_record(run.step)), run.step in run.rejected
    if not anew and artifact.store.exists(path):
        log.info("checkpoint.already_saved", step=run.step)
        return
    metadata = {"checkpoint": canonical({"spec_sha256": artifact.spec.sha256, "step": run.step}).decode()}
    file = checkpoint_file(run.step, uuid.uuid4().hex[:8])
    # No file in between: after SIGTERM every second counts.
    output = artifact.stream(f"{CHECKPOINTS}/{file}", lambda: _safetensors(tensors, metadata))
    record = _CheckpointRecord(**dict(run), size=output.size, crc32c=output.crc32c, file=file)
    data = sealed(record.model_dump(mode="json"))
    if anew:
        artifact.store.put(path, data)
    elif not artifact.store.create(path, data):
        artifact.store.delete(artifact.object_path(output))
        log.info("checkpoint.already_saved", step=run.step)
        return
    _prune(artifact, run)
    log.info("checkpoint.saved", step=run.step, bytes=output.size)


def restore(artifact: Artifact, variables: Variables, scratch: Path) -> RunRecord | None:
    """Load the newest sound checkpoint into ``variables``; None when there is no checkpoint.

    A damaged checkpoint is reported and the one before it is used. When all are damaged, ``variables`` stay as they
    are and the record is that of a run at its start. Raises what ``load`` raises.
    """
    rejected: list[int] = []
    for step in sorted(_checkpoints(artifact, ".json").values(), reverse=True):
        if run := load(artifact, step, variables, scratch):
            log.info("checkpoint.restored", step=step)
            return run.model_copy(update={"rejected": (*run.rejected, *rejected)})
        rejected.append(step)
    return RunRecord.at_start(rejected) if rejected else None


def write_tensors(file: Path, variables: Variables, metadata: dict[str, str]) -> None:
    save_file({name: variable.numpy() for name, variable in variables.items()}, file, metadata)


def load(artifact: Artifact, step: int, variables: Variables, scratch: Path) -> RunRecord | None:
    """Load one step's checkpoint into ``variables``; None, with a warning in the log, when it is damaged or gone.

    All or nothing: no variable is assigned before everything is known to fit. Raises ``ConfigurationError`` for a
    checkpoint of another spec or model, ``StoreError`` when the bucket is away.
    """
    try:
        return load_exactly(artifact, step, variables, scratch)
    # Not any StoreError: a bucket that is away for a moment must not cost the newest checkpoint.
    except (DamagedError, MissingObjectError, SafetensorError, ValueError, KeyError, TypeError) as error:
        reason = error.reason if isinstance(error, CovidCtlError) else repr(error)
        log.warning("checkpoint.rejected", step=step, reason=reason)
        return None


def load_exactly(artifact: Artifact, step: int, variables: Variables, scratch: Path) -> RunRecord:
    """As ``load``; raises what is wrong with the checkpoint."""
    path = artifact.path(checkpoint_record(step))
    record = artifact.store.find_record(_CheckpointRecord, path)
    if record is None:
        raise MissingObjectError(path, "there is no such checkpoint", f"covid-ctl status {artifact.name}")
    file = scratch / f"restored-{step:08d}.safetensors"
    artifact.download(record.numbers, file)
    thing, remedy = (
        artifact.object_path(record.numbers),
        "submit the step with --fresh: it begins anew, under another name",
    )
    with safe_open(file, "numpy") as tensors:
        if from_json(tensors.metadata()["checkpoint"])["spec_sha256"] != artifact.spec.sha256:
            raise ConfigurationError(thing, "it belongs to another step's spec", remedy)
        shapes = {key: tuple(tensors.get_slice(key).get_shape()) for key in tensors.keys()}  # noqa: SIM118
        if shapes != {key: tuple(variable.shape) for key, variable in variables.items()}:
            raise ConfigurationError(thing, "its variables are not this model's", remedy)
        for key, variable in variables.items():
            variable.assign(tensors.get_tensor(key))
    file.unlink()
    return RunRecord(**record.model_dump(exclude={"size", "crc32c", "file"}))


def _safetensors(tensors: Tensors, metadata: dict[str, str]) -> Iterator[bytes]:
    """The format of safetensors, a piece at a time: the length of a JSON header, the header, the numbers."""
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.nbytes
        header[name] = {"dtype": "F32", "shape": tensor.shape, "data_offsets": [begin, end]}
    text = canonical(header)
    text += b" " * (-len(text) % 8)
    yield len(text).to_bytes(8, "little") + text
    for tensor in tensors.values():
        data = tensor.reshape(-1).view(np.uint8)
        for begin in range(0, len(data), PART):
            yield data[begin : begin + PART].tobytes()


def _prune(artifact: Artifact, run: RunRecord) -> None:
    """Remove what is neither among the last ``KEPT`` nor the best.

    A checkpoint beyond ``run`` is another trainer's that is ahead, and stays, unless this run rejected it.
    Records go before their objects, and objects without a record go too: a kill in between leaves
    no record that promises what is gone, and no object forever.
    """
    steps = sorted(step for step in _checkpoints(artifact, ".json").values() if step <= run.step)
    kept = {*steps[-KEPT:], run.best_step}
    for suffix in (".json", ".safetensors"):
        for path, step in _checkpoints(artifact, suffix).items():
            if step not in kept and (step <= run.step or step in run.rejected):
                artifact.store.delete(path)


def _checkpoints(artifact: Artifact, suffix: str) -> dict[str, int]:
    """The steps of all records, or files of numbers, by their paths."""
    paths = [info.path for info in artifact.store.objects(artifact.path(CHECKPOINTS)) if info.path.endswith(suffix)]
    return {path: step for path in paths if (step := checkpoint_step(path)) is not None}
