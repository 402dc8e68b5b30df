"""TensorBoard summaries in the bucket: one event file for each interval between two checkpoints.

A file is named by the step after which its interval begins, and is uploaded before the checkpoint that ends the
interval. A run that resumes from a checkpoint writes the later intervals again under the same names: the curves have
no gap and no step twice, however often the run was killed. They contain times, so they are not outputs of the
artifact: those follow from the spec alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from jobs.artifact import Artifact
from jobs.layout import CURVES

PREFIX = "events.out.tfevents."
"""TensorBoard recognises event files by this."""


class SummaryWriter:
    """Collects scalars in a local file until ``cut``. The run resumed from the checkpoint of step ``first``."""

    def __init__(self, artifact: Artifact, scratch: Path, first: int) -> None:
        self._artifact = artifact
        self._scratch = scratch
        for info in artifact.store.objects(artifact.path(CURVES)):
            # From steps after a checkpoint that was rejected: this run makes them again.
            if int(info.path.rsplit(".", 1)[-1]) > first:
                artifact.store.delete(info.path)
        self._begin(first)

    def write(self, step: int, **values: float) -> None:
        with self._writer.as_default():
            for name, value in values.items():
                tf.summary.scalar(name, value, step=step)
        self._written = True

    def cut(self, step: int) -> Callable[[], None]:
        """End the interval at ``step``; the returned function uploads it, from any thread."""
        self._writer.close()
        files = list(self._folder.iterdir()) if self._written else []
        name = f"{CURVES}/{PREFIX}{self._first:08d}"
        self._begin(step)

        def upload() -> None:
            for file in files:
                self._artifact.store.upload(self._artifact.path(name), file)
                file.unlink()

        return upload

    def _begin(self, first: int) -> None:
        self._first = first
        self._folder = self._scratch / CURVES / f"{first:08d}"
        self._writer = tf.summary.create_file_writer(str(self._folder))
        self._written = False
