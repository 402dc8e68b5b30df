"""doctor compares a GPU's memory with what a recipe needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.doctor.check import CheckState
from controller.doctor.gpu_memory import gpu_memory
from controller.profiles.profile import Profile, load_profile
from jobs.recipe import load_recipe

CONFIG = """
[profiles.lab]
context = "lab"
namespace = "covid"
bucket = "gs://papers/covid"
[profiles.lab.images]
worker = "registry.example/worker@sha256:{digest}"
trainer = "registry.example/trainer@sha256:{digest}"
exporter = "registry.example/exporter@sha256:{digest}"
[profiles.lab.trainer]
cpu = "8"
memory = "64Gi"
gpu = {gpu}
"""


def profile(tmp_path: Path, gpu: str) -> Profile:
    (tmp_path / "covid-ctl.toml").write_text(CONFIG.format(digest="0" * 64, gpu=gpu))
    return load_profile("lab", environment={}, config=tmp_path / "covid-ctl.toml")


@pytest.mark.parametrize(
    ("gpu", "accumulation", "state", "told"),
    [
        ('{ kind = "nvidia-l4" }', "1", CheckState.FAILED, "24 GB in each nvidia-l4, about 55 GB needed"),
        ('{ kind = "nvidia-l4" }', "4", CheckState.OK, "24 GB in each nvidia-l4"),
        ('{ kind = "nvidia-l4" }', "auto", CheckState.OK, "computed in 4 parts (schedule.accumulation auto)"),
        ('{ kind = "nvidia-l4", count = 4 }', "1", CheckState.OK, "24 GB in each nvidia-l4"),
        ('{ kind = "nvidia-h100-80gb" }', "1", CheckState.OK, "80 GB in each nvidia-h100-80gb"),
        ("{ }", "1", CheckState.SKIPPED, "profile lab does not name a GPU"),
    ],
)
def test_a_batch_must_fit_each_gpu(gpu: str, accumulation: str, state: CheckState, told: str, tmp_path: Path) -> None:
    recipe = load_recipe("clinical", {"schedule.accumulation": accumulation})
    check = gpu_memory(profile(tmp_path, gpu), recipe)
    assert (check.name, check.state) == ("GPU memory", state)
    assert told in check.reason


def test_the_parts_that_fit_are_named(tmp_path: Path) -> None:
    check = gpu_memory(profile(tmp_path, '{ kind = "nvidia-l4" }'), load_recipe("clinical"))
    assert check.remedy.startswith("--set schedule.accumulation=4 (or auto), or name a larger GPU")
