"""Runs the checkpoint step on a directory that transformers saved.

``python -m tests.in_transformers.read_saved SAVED BUCKET ARCHITECTURE [ALLOW_MISSING]``, in the jobs' environment,
prints where the weights are then. ARCHITECTURE is JSON.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from jobs.artifact import Artifact
from jobs.spec import Kind, Spec
from jobs.steps import checkpoint
from jobs.steps.context import StepContext
from jobs.store import Store
from jobs.weights.source import find_source


def main(saved: str, bucket: str, architecture: str, *allow_missing: str) -> Path:
    shape = json.loads(architecture)
    settings: dict[str, Any] = {
        "name": "A saved BERT",
        "vocabulary_size": shape.pop("vocab_size"),
        "architecture": shape,
        "checkpoint": "",
        "size": None,
        "sha256": None,
        "allow_missing": list(allow_missing),
        "allow_unused": [],
        "allow_mismatched": [],
    }
    spec = Spec(Kind.CHECKPOINT, settings, {"checkpoint": find_source(saved, "").identity()})
    artifact = Artifact(Store(bucket), spec)
    artifact.submit()
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint.run(StepContext(artifact, 0, Path(scratch), lambda: False, checkpoint=saved))
    artifact.finish()
    return Path(bucket, artifact.require().name, "weights.safetensors")


if __name__ == "__main__":
    print(main(*sys.argv[1:]))  # noqa: T201
