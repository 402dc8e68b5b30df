"""The manifests of every step and profile, as they are sent, against files: a change shows in review.

``GOLDEN=write make test`` writes them anew; then look at the difference.
"""

import os
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.planning.manifest import render
from controller.planning.plan import Source, Step
from controller.profiles.profile import Profile, load_profile
from jobs.recipe import load_recipe
from jobs.spec import Kind
from tests.controller.steps import Given, planned

GOLDEN = Path(__file__).with_name("golden")
PROFILES = ("gke", "kueue", "kind")
ACCELERATORS = ("v5litepod-8", "v5p-8", "v6e-8", "flex", "l4", "a100", "a100-80gb", "h100")
"""Profiles whose Jobs differ from the first one's in training alone."""

BERT = "{name: BERT, source: its authors, checkpoint: model.ckpt}"
STEPS = planned(
    Kind.EXPORT,
    Kind.INDEX,
    recipe=load_recipe("tiny", {"initial_checkpoint": BERT}),
    given=Given(Source("gs://papers/cord19", "f" * 64), Source("gs://papers/bert.tar.gz", "f" * 64)),
    shards=64,
)
PRETRAIN = next(step for step in STEPS if step.spec.kind is Kind.PRETRAIN)
DATA = STEPS[:4]


def profile(name: str) -> Profile:
    return load_profile(name, environment={}, config=GOLDEN / "covid-ctl.toml")


def kind_of(step: Step) -> str:
    return str(step.spec.kind)


def unnamed(job: dict[str, Any], step: Step) -> str:
    """Without the hashes: a change of what a step makes is not one of how its Job looks."""
    text = yaml.safe_dump(job, sort_keys=False)
    for other in STEPS:
        text = text.replace(other.name, f"{kind_of(other)}-HASH")
    return re.sub(r"(template-sha256: )[0-9a-f]{64}", r"\1HASH", text.replace(step.spec.sha256, "HASH"))


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("step", STEPS, ids=kind_of)
def test_a_manifest_is_the_golden_one(name: str, step: Step) -> None:
    path = GOLDEN / name / f"{kind_of(step)}.yaml"
    text = unnamed(render(step, profile(name), suspend=bool(step.after)), step)
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text(), "if it is meant: GOLDEN=write make test, and look at the difference"


@pytest.mark.parametrize("name", ACCELERATORS)
def test_a_training_job_on_an_accelerator_is_the_golden_one(name: str) -> None:
    path = GOLDEN / "accelerators" / f"{name}.yaml"
    text = unnamed(render(PRETRAIN, profile(name), suspend=True), PRETRAIN)
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text(), "if it is meant: GOLDEN=write make test, and look at the difference"


def test_a_training_job_with_limits_is_the_golden_one() -> None:
    path = GOLDEN / "limits" / "pretrain.yaml"
    limits = {"schedule.max_hours": "20", "schedule.max_dollars": "150"}
    (step,) = (one for one in planned(Kind.PRETRAIN, recipe=load_recipe("tiny", limits)) if one.spec.kind == "pretrain")
    text = re.sub(
        r"(pretrain|preprocess)-(tiny-)?[0-9a-f]{8}\b", r"\1-HASH", unnamed(render(step, profile("gke")), step)
    )
    if os.environ.get("GOLDEN") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    assert text == path.read_text(), "if it is meant: GOLDEN=write make test, and look at the difference"


JOB_FIELDS_SINCE = {
    "suspend": 24,
    "completionMode": 24,
    "completions": 21,
    "parallelism": 21,
    "backoffLimitPerIndex": 29,
    "podReplacementPolicy": 29,
    "podFailurePolicy": 26,
    "activeDeadlineSeconds": 21,
    "ttlSecondsAfterFinished": 23,
    "template": 21,
}
"""The minor version of Kubernetes since when a field is on by default (its feature-gates reference)."""


@pytest.mark.parametrize("name", PROFILES)
@pytest.mark.parametrize("step", STEPS, ids=kind_of)
def test_a_manifest_is_valid_by_the_clients_strict_models_and_asks_for_nothing_newer_than_1_31(
    name: str, step: Step
) -> None:
    from kubernetes import client

    job = render(step, profile(name))
    parsed = client.V1Job.model_validate(job)  # unknown fields and wrong types are errors
    assert parsed.model_dump(by_alias=True, exclude_unset=True, mode="json") == job
    assert max(JOB_FIELDS_SINCE[field] for field in job["spec"]) <= 31


def test_a_tpu_pod_asks_for_the_whole_host_and_is_not_moved() -> None:
    job = render(PRETRAIN, profile("gke"))
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    for bound in ("requests", "limits"):
        assert container["resources"][bound]["google.com/tpu"] == "4"
    assert pod["nodeSelector"]["cloud.google.com/gke-tpu-accelerator"] == "tpu-v3-device"
    assert pod["nodeSelector"]["cloud.google.com/gke-tpu-topology"] == "2x2"
    annotations = job["spec"]["template"]["metadata"]["annotations"]
    assert annotations["cluster-autoscaler.kubernetes.io/safe-to-evict"] == "false"
    trained = (Kind.PRETRAIN, Kind.TUNE, Kind.CONTROL)
    others = [render(step, profile("gke")) for step in STEPS if step.spec.kind not in trained]
    assert "google.com/tpu" not in str(others)


def test_a_suspended_job_is_kept_out_of_its_queue_until_it_is_released() -> None:
    waiting, ready = (render(PRETRAIN, profile("kueue"), suspend=suspend) for suspend in (True, False))
    assert waiting["spec"]["suspend"]
    assert ready["spec"]["suspend"]  # Kueue unsuspends it
    assert "kueue.x-k8s.io/queue-name" not in waiting["metadata"]["labels"]
    assert ready["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "covid"
    assert waiting["metadata"]["annotations"]["covid-ctl/queue"] == "covid"


def test_flex_start_nodes_are_asked_for_as_long_as_they_last() -> None:
    job = render(PRETRAIN, profile("flex"))
    assert job["metadata"]["annotations"]["provreq.kueue.x-k8s.io/maxRunDurationSeconds"] == str(7 * 24 * 3600)
    others = [render(step, profile("flex")) for step in DATA]
    assert not any("provreq" in str(other) for other in others)


def test_the_names_that_a_job_waits_for_are_on_it() -> None:
    job = render(DATA[-1], profile("gke"), suspend=True)
    assert job["metadata"]["annotations"]["covid-ctl/after"].split(",") == [step.name for step in DATA[:-1]]
