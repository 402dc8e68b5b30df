"""TensorBoard's curves in the bucket, one event file for each stretch between two checkpoints.

A file is named by the step that its stretch begins after and is uploaded before the checkpoint that ends
it. A run that goes on from a checkpoint writes the stretches after it again, under the same names: the
curves have no gap and no step twice, however often the run was killed. They tell times, so they are
no outputs of the artifact: those follow from the spec alone.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import tensorflow as tf

from jobs.artifact import Artifact
from jobs.layout import CURVES

PREFIX = "events.out.tfevents."
"""TensorBoard takes files for event files by this."""


class Scalars:
    """Collects scalars in a local file until ``cut``; begins after the checkpoint of step ``first``."""

    def __init__(self, artifact: Artifact, scratch: Path, first: int) -> None:
        self._artifact = artifact
        self._scratch = scratch
        for info in artifact.store.objects(artifact.path(CURVES)):
            # Left by a checkpoint that was rejected: this run makes those steps again.
            if int(info.path.rsplit(".", 1)[-1]) > first:
                artifact.store.delete(info.path)
        self._begin(first)

    def write(self, step: int, **values: float) -> None:
        with self._writer.as_default():
            for name, value in values.items():
                tf.summary.scalar(name, value, step=step)
        self._written = True

    def cut(self, step: int) -> Callable[[], None]:
        """End the stretch at ``step``; the returned call uploads it, from any thread."""
        self._writer.close()
        files = list(self._folder.iterdir()) if self._written else []
        name = f"{CURVES}/{PREFIX}{self._first:08d}"
        self._begin(step)

        def upload() -> None:
            for file in files:
                self._artifact.upload(name, file)
                file.unlink()

        return upload

    def _begin(self, first: int) -> None:
        self._first = first
        self._folder = self._scratch / CURVES / f"{first:08d}"
        self._writer = tf.summary.create_file_writer(str(self._folder))
        self._written = False
