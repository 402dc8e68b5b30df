"""From SIGTERM to the end of a training process that saves BERT-base: seconds.

    python tests/bench/saving.py                    to a directory, and to the test suite's bucket server
    python tests/bench/saving.py --layers 2 --stores file

``python -m jobs pretrain`` trains 110 million parameters, whose checkpoint has 1.3 GB with the optimizer's slots, and
gets the signal between two saves, and while one is under way. The time holds the end of the step at work, the copy of
all numbers, the upload and the process's end; what a container's network adds is not in it. The server is written in
Python and keeps objects in memory.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import repository_root  # noqa: F401

from jobs.artifact import Artifact
from jobs.model.dataset import ExampleDataset  # noqa: F401  # before tensorflow: holds back its greeting
from jobs.recipe import load_recipe, settings_of
from jobs.spec import Kind, Spec
from jobs.store import Store
from jobs.store_connection import EMULATOR
from tests.jobs.model.made import make_example, serialized
from tests.signals import as_from_a_terminal

import tensorflow as tf  # isort: skip

LENGTH, PREDICTIONS, VOCABULARY, BATCH = 128, 20, 28_996, 2
NEVER = 1_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--stores", nargs="+", choices=("file", "gs"), default=["file", "gs"])
    options = parser.parse_args()
    for kind in options.stores:
        with tempfile.TemporaryDirectory(prefix="bench-") as place, bucket(kind, Path(place)) as location:
            examples = make_examples(Store(location), Path(place))
            for when, every in (("between two saves", NEVER), ("while one is under way", 2)):
                artifact = submit(Store(location), examples, options.layers, every)
                print(f"{kind:4} {when:23}", measure(artifact), f"load {os.getloadavg()[0]:.1f}", flush=True)


@contextmanager
def bucket(kind: str, place: Path) -> Iterator[str]:
    if kind == "file":
        yield str(place / "bucket")
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    script = Path(__file__).parents[1] / "gcs_server.py"
    server = subprocess.Popen([sys.executable, str(script), "127.0.0.1", port, "bench"])
    os.environ[EMULATOR] = f"http://127.0.0.1:{port}"
    try:
        yield "gs://bench/here"
    finally:
        del os.environ[EMULATOR]
        server.terminate()
        server.wait()


def make_examples(store: Store, place: Path) -> Artifact:
    rng = np.random.default_rng(0)
    artifact = Artifact(store, Spec(Kind.PREPROCESS, {}))
    artifact.submit()
    file = place / "examples"
    with tf.io.TFRecordWriter(str(file)) as writer:
        for _ in range(64):
            sizes = {"length": LENGTH, "predictions": PREDICTIONS, "vocabulary": VOCABULARY}
            writer.write(serialized(make_example(rng, **sizes)))
    artifact.commit(
        0, [artifact.upload("train/00000.tfrecord", file)], counts={"examples": {"train": 64, "validation": 0}}
    )
    artifact.finish()
    return artifact


def submit(store: Store, examples: Artifact, layers: int, checkpoint_every: int) -> Artifact:
    recipe = load_recipe("clinical", {"architecture.num_hidden_layers": str(layers)})
    every = {"train_batch_size": BATCH, "checkpoint_every": checkpoint_every, "log_every": 1}
    trained = settings_of(Kind.PRETRAIN, recipe)
    settings: dict[str, Any] = {
        "architecture": trained["architecture"],
        "schedule": trained["schedule"] | every,
        "max_seq_length": LENGTH,
        "max_predictions_per_seq": PREDICTIONS,
        "vocabulary_size": VOCABULARY,
    }
    artifact = Artifact(store, Spec(Kind.PRETRAIN, settings, {"examples": examples.name}, recipe="clinical"))
    artifact.submit()
    return artifact


def measure(artifact: Artifact) -> str:
    """Sends the signal after step 3."""
    command = [sys.executable, "-m", "jobs", "pretrain", "--bucket", artifact.store.location, "--name", artifact.name]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=as_from_a_terminal)
    assert process.stderr
    for line in process.stderr:
        if json.loads(line).get("step") == 3:
            break
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    events = [json.loads(line) for line in process.stderr]
    code, seconds = process.wait(), time.monotonic() - began
    saved = [f"step {e['step']} ({e['bytes'] / 1e9:.2f} GB)" for e in events if e["event"] == "checkpoint.saved"]
    return f"{seconds:5.1f} s to exit {code}, then saved: {', '.join(saved) or 'nothing'};"


if __name__ == "__main__":
    main()
