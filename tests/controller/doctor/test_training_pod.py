"""doctor compares a training pod with what a recipe needs: its memory, and how a batch is split."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.doctor import training_pod
from controller.doctor.check import CheckState, examine
from controller.doctor.examination import cheap_checks
from controller.kinds import pretrain, tune
from controller.profiles.profile import Profile, load_profile
from jobs.recipe import load_recipe
from jobs.spec import Kind

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
{pool}
"""


LOCAL = load_profile("local", environment={})


def profile(tmp_path: Path, gpu: str = "", tpu: str = "", memory: str = "64Gi") -> Profile:
    lines = [f'memory = "{memory}"', f"gpu = {gpu}" if gpu else "", f'tpu = "{tpu}"' if tpu else ""]
    (tmp_path / "covid-ctl.toml").write_text(CONFIG.format(digest="0" * 64, pool="\n".join(lines)))
    return load_profile("lab", environment={}, config=tmp_path / "covid-ctl.toml")


@pytest.mark.parametrize(
    ("gpu", "accumulation", "state", "told"),
    [
        ('{ kind = "nvidia-l4" }', "1", CheckState.FAILED, "24 GB in each nvidia-l4, about 55 GB needed"),
        ('{ kind = "nvidia-l4" }', "4", CheckState.OK, "24 GB in each nvidia-l4"),
        ('{ kind = "nvidia-l4" }', "auto", CheckState.OK, "computed in 4 parts (schedule.accumulation auto)"),
        ('{ kind = "nvidia-l4", count = 4 }', "1", CheckState.OK, "24 GB in each nvidia-l4"),
        ('{ kind = "nvidia-h100-80gb" }', "1", CheckState.OK, "80 GB in each nvidia-h100-80gb"),
        ("{ }", "1", CheckState.SKIPPED, "profile lab does not name the kind of its GPU"),
    ],
)
def test_a_batch_must_fit_each_gpu(gpu: str, accumulation: str, state: CheckState, told: str, tmp_path: Path) -> None:
    recipe = load_recipe("clinical", {"schedule.accumulation": accumulation})
    check = training_pod.memory(profile(tmp_path, gpu), recipe)
    assert (check.name, check.state) == ("memory", state)
    assert told in check.reason


def test_the_parts_that_fit_are_named(tmp_path: Path) -> None:
    check = training_pod.memory(profile(tmp_path, '{ kind = "nvidia-l4" }'), load_recipe("clinical"))
    assert check.remedy.startswith("--set schedule.accumulation=4 (or auto), or name a larger GPU")


def test_a_pod_that_trains_on_cpus_needs_the_memory_itself(tmp_path: Path) -> None:
    check = training_pod.memory(profile(tmp_path, memory="16Gi"), load_recipe("clinical"))
    assert (check.state, "17 GB in the trainer's pod, about 57 GB needed" in check.reason) == (CheckState.FAILED, True)
    assert check.remedy == "--set schedule.accumulation=8 (or auto), or raise trainer.memory of profile lab"
    assert training_pod.memory(profile(tmp_path, memory="4Gi"), load_recipe("tiny")).state is CheckState.OK


def test_what_does_not_fit_a_tpu_by_the_formula_may_fit_all_the_same(tmp_path: Path) -> None:
    small, large = (training_pod.memory(profile(tmp_path, tpu=tpu), load_recipe("bio")) for tpu in ("v3-8", "v6e-8"))
    assert (small.state, large.state) == (CheckState.SKIPPED, CheckState.OK)
    assert small.remedy.startswith("if it runs out of memory: --set schedule.accumulation=4 (or auto)")
    assert "32 GB in each of the 8 replicas of a v6e-8" in large.reason


@pytest.mark.parametrize(
    ("pool", "batch_size", "refused"),
    [
        ({}, "500", ""),
        ({"tpu": "v3-8"}, "512", ""),
        ({"tpu": "v3-8"}, "500", "over 8 replicas (v3-8)"),
        ({"tpu": "v5p-8"}, "500", ""),
        ({"gpu": '{ kind = "nvidia-tesla-a100", count = 16 }'}, "504", "over 16 replicas (16 nvidia-tesla-a100)"),
        ({"gpu": "{ count = 3 }"}, "512", "over 3 replicas (3 GPU)"),
    ],
)
def test_a_batch_is_split_evenly(pool: dict[str, str], batch_size: str, refused: str, tmp_path: Path) -> None:
    recipe = load_recipe("clinical", {"schedule.train_batch_size": batch_size})
    (check,) = examine({"batch": lambda: training_pod.batch(profile(tmp_path, **pool), [pretrain.batch(recipe)])})
    assert check.state is (CheckState.FAILED if refused else CheckState.OK)
    assert refused in check.reason
    assert check.remedy.startswith("submit it with a multiple: --set") if refused else not check.remedy


def test_each_batch_is_named_by_its_section(tmp_path: Path) -> None:
    recipe = load_recipe("clinical", {"embedder.train_batch_size": "500"})
    pairs = tune.batch(recipe)
    assert pairs
    place = profile(tmp_path, tpu="v3-8")
    (check,) = examine({"batch": lambda: training_pod.batch(place, [pretrain.batch(recipe), pairs])})
    assert (check.state, "embedder.train_batch_size 500" in check.reason) == (CheckState.FAILED, True)
    assert check.remedy.endswith("--set embedder.train_batch_size=504")


def test_only_the_batches_of_what_is_submitted_count() -> None:
    recipe = load_recipe("clinical", {"schedule.train_batch_size": "1048576"})
    refused, tuned = (
        {c.name for c in cheap_checks(LOCAL, recipe, [kind], None)} for kind in (Kind.PRETRAIN, Kind.TUNE)
    )
    assert refused - tuned == {"memory"}
