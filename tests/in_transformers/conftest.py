"""Files that the jobs made, for torch to load. The jobs run under ``COVID_CTL_TEST_PYTHON``, in another environment."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from tests.in_transformers.made import Made

ROOT = Path(__file__).parents[2]
JOBS_PYTHON = ROOT / os.environ.get("COVID_CTL_TEST_PYTHON", ".venv/bin/python")

# Before anything here imports transformers: it may reach no network.
os.environ |= {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}

SMALLER: dict[str, str] = {
    "architecture.hidden_size": "32",
    "architecture.intermediate_size": "64",
    "architecture.max_position_embeddings": "128",
    "vocabulary.learn": "800",
    "schedule.train_batch_size": "8",
    "schedule.train_steps": "20",
    "schedule.warmup_steps": "6",
    "embedder.epochs": "1",
    "embedder.early_stop_evaluations": "null",
}
"""Recipe ``tiny`` in a few seconds."""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    directory = tmp_path_factory.mktemp("made")
    ours("-m", "tests.in_transformers.make_files", str(directory), cwd=ROOT)
    arrays = {name: dict(np.load(directory / f"{name}.npz")) for name in ("exported", "random")}
    return Made(directory / "covid-model", **arrays, tokens=json.loads((directory / "tokens.json").read_text()))


@pytest.fixture(scope="session")
def main_job(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model directory that a main job makes of the built-in sample."""
    bucket = tmp_path_factory.mktemp("main-job")
    settings = [word for field, value in SMALLER.items() for word in ("--set", f"{field}={value}")]
    command = ("submit", "export", "tiny", "--with-inputs", "--corpus", "sample", "--bucket", str(bucket), *settings)
    return Path(ours("-m", "controller", *command, cwd=bucket)) / "model"


@pytest.fixture(scope="session")
def bundle(main_job: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is published of that model once it has an embedder and an evaluation."""
    bucket = main_job.parents[1]
    directory = tmp_path_factory.mktemp("bundle") / "tiny"
    settings = [word for field, value in SMALLER.items() for word in ("--set", f"{field}={value}")]
    ours(
        "-m",
        "controller",
        "submit",
        "evaluate",
        "tiny",
        "--with-inputs",
        "--bucket",
        str(bucket),
        *settings,
        cwd=bucket,
    )
    ours("-m", "controller", "publish", "tiny", "--to", str(directory), "--bucket", str(bucket), *settings, cwd=bucket)
    return directory


@pytest.fixture
def read_by_the_checkpoint_step(tmp_path: Path) -> Callable[..., Path]:
    """From a directory that transformers saved to the weights that our training would start with."""

    def read(saved: Path, *allow_missing: str, shape: Mapping[str, int]) -> Path:
        arguments = (str(saved), str(tmp_path / "bucket"), json.dumps(shape), *allow_missing)
        return Path(ours("-m", "tests.in_transformers.read_saved", *arguments, cwd=tmp_path))

    return read


def ours(*arguments: str, cwd: Path, seconds: float = 900) -> str:
    """Runs Python in the jobs' environment; returns the last line that it printed."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVID_CTL_")}
    environment = {**inherited, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [str(JOBS_PYTHON), *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-1] if done.stdout else ""
