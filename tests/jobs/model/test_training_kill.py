"""Real processes, really killed: the finished artifact has the weights of an undisturbed run."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from safetensors.numpy import load

from jobs.artifact import Artifact
from jobs.steps import pretrain
from jobs.steps.context import StepContext
from tests.signals import as_from_a_terminal

Submit = Callable[..., Artifact]
SCHEDULE = {"train_steps": 240, "checkpoint_every": 40, "evaluate_every": 120, "log_every": 5}
PATIENCE = 300.0
"""Seconds until a process that does not come as far as expected fails the test."""


@contextmanager
def started(artifact: Artifact) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "jobs", "pretrain", "--bucket", artifact.store.location, "--name", artifact.name]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=as_from_a_terminal)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def run_here(artifact: Artifact, scratch: Path) -> None:
    scratch.mkdir()
    pretrain.run(StepContext(artifact, 0, scratch, lambda: False))
    artifact.finish()


def finish(artifact: Artifact) -> None:
    with started(artifact) as process:
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors


def wait_for_checkpoint(artifact: Artifact, process: subprocess.Popen[str], beyond: int) -> int:
    """The newest recorded step once it exceeds ``beyond``; fails when the process ends before."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if (step := newest_checkpoint(artifact)) > beyond:
            return step
        time.sleep(0.01)
    raise AssertionError(f"no checkpoint beyond step {beyond}; exit code {process.poll()}")


def newest_checkpoint(artifact: Artifact) -> int:
    paths = [Path(o.path) for o in artifact.store.objects(artifact.path("checkpoints"))]
    return max((int(path.stem) for path in paths if path.suffix == ".json"), default=0)


def assert_same_result(artifact: Artifact, undisturbed: Artifact) -> None:
    ours, theirs = (load(a.store.get(a.path("model/weights.safetensors"))) for a in (artifact, undisturbed))
    assert set(ours) == set(theirs)
    for name, value in theirs.items():
        np.testing.assert_array_equal(ours[name], value, err_msg=name)
    digests = [[(o.path, o.crc32c) for o in a.require().outputs] for a in (artifact, undisturbed)]
    assert digests[0] == digests[1]
    losses = [steps_with_loss(a) for a in (artifact, undisturbed)]
    assert losses[0] == losses[1] == list(range(5, artifact.spec.settings["schedule"]["train_steps"] + 1, 5))


def steps_with_loss(artifact: Artifact) -> list[int]:
    found = []
    for output in artifact.store.objects(artifact.path("tensorboard")):
        for record in tf.data.TFRecordDataset(str(Path(artifact.store.location, output.path))):
            event = tf.compat.v1.Event.FromString(record.numpy())
            found += [event.step for value in event.summary.value if value.tag == "loss"]
    return sorted(found)


def test_killed_and_terminated_it_ends_as_if_nothing_had_happened(submit_pretrain: Submit, tmp_path: Path) -> None:
    undisturbed = submit_pretrain(tmp_path / "undisturbed", **SCHEDULE)
    run_here(undisturbed, tmp_path / "scratch")

    artifact = submit_pretrain(tmp_path / "disturbed", **SCHEDULE)
    with started(artifact) as process:
        wait_for_checkpoint(artifact, process, 0)
        process.kill()
        process.wait(PATIENCE)
    assert artifact.manifest() is None

    with started(artifact) as process:
        step = wait_for_checkpoint(artifact, process, 40)
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143, errors
    events = [json.loads(line) for line in errors.splitlines()]  # every line is one of ours
    assert events[0]["event"] == "checkpoint.restored"
    assert events[-1]["event"] == "step.interrupted"
    assert newest_checkpoint(artifact) >= step

    run_here(artifact, tmp_path / "last")
    assert_same_result(artifact, undisturbed)


def test_terminated_while_a_shard_does_not_come(submit_pretrain: Submit, tmp_path: Path) -> None:
    artifact = submit_pretrain(tmp_path / "bucket", validation=0)
    for shard in artifact.store.objects(f"{artifact.spec.inputs['examples']}/train"):
        path = Path(artifact.store.location, shard.path)
        path.unlink()
        os.mkfifo(path)  # whoever opens it waits for a writer
    with started(artifact) as process:
        assert process.stderr
        for line in process.stderr:
            if json.loads(line)["event"] == "training.started":
                break
        process.terminate()
        _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 143, errors
    assert json.loads(errors.splitlines()[-1])["event"] == "step.interrupted"


@pytest.mark.chaos
def test_killed_at_random_moments(submit_pretrain: Submit, tmp_path: Path) -> None:
    schedule = SCHEDULE | {"train_steps": 2000, "evaluate_every": 100}
    undisturbed = submit_pretrain(tmp_path / "undisturbed", **schedule)
    run_here(undisturbed, tmp_path / "scratch")
    artifact = submit_pretrain(tmp_path / "disturbed", **schedule)
    moments = random.Random(0)
    kills = 0
    while artifact.manifest() is None and kills < 20:
        with started(artifact) as process:
            assert process.stderr
            for line in process.stderr:
                if json.loads(line)["event"] == "training.started":
                    break
            time.sleep(moments.uniform(0.0, 4.0))
            kills += process.poll() is None
            process.kill()
    assert kills >= 5
    finish(artifact)
    assert_same_result(artifact, undisturbed)
