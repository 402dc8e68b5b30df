"""The Job of each step, field by field where a field is a promise."""

import json
from typing import Any

import pytest

from controller.clusters.job_policy import JobPolicy
from controller.planning.manifest import render
from controller.profiles.pool import Pool
from controller.profiles.profile import Images, Profile
from jobs.errors import PreflightError
from jobs.recipe import load_recipe
from jobs.spec import Kind
from tests.controller.steps import planned

PROFILE = Profile(
    name="local",
    bucket="/bucket",
    images=Images(worker="worker:1", trainer="trainer:1", exporter="exporter:1"),
    parallelism=2,
)
STEPS = planned(Kind.EXPORT, shards=8)
BY_KIND = {str(step.spec.kind): step for step in STEPS}


def container(job: dict[str, Any]) -> dict[str, Any]:
    (only,) = job["spec"]["template"]["spec"]["containers"]
    return dict(only)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step.spec.kind))
def test_a_job_is_indexed_retries_per_index_and_runs_restricted(step: Any) -> None:
    job = render(step, PROFILE)
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    assert (job["apiVersion"], job["kind"], job["metadata"]["name"]) == ("batch/v1", "Job", step.name)
    assert spec["completionMode"] == "Indexed"
    assert spec["backoffLimitPerIndex"] == 3
    assert spec["podReplacementPolicy"] == "Failed"
    assert pod["restartPolicy"] == "Never"
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(job)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert "managedBy" not in spec
    json.dumps(job)  # nothing but plain values


def test_shards_are_completions_and_the_profile_bounds_parallelism() -> None:
    spec = render(BY_KIND["preprocess"], PROFILE)["spec"]
    assert (spec["completions"], spec["parallelism"]) == (8, 2)
    spec = render(BY_KIND["pretrain"], PROFILE)["spec"]
    assert (spec["completions"], spec["parallelism"]) == (1, 1)


def test_the_container_runs_its_step() -> None:
    job = render(BY_KIND["ingest"], PROFILE)
    assert container(job)["command"] == ["python", "-m", "jobs"]
    assert container(job)["args"] == [
        "ingest", "--bucket", "/bucket", "--name", BY_KIND["ingest"].name, "--corpus", "sample",
    ]  # fmt: skip


def test_what_changes_no_output_byte_is_told_to_the_container_and_not_in_the_name() -> None:
    job = render(BY_KIND["pretrain"], PROFILE)
    assert container(job)["args"][-4:] == ["--runtime", "checkpoint_every=100", "--runtime", "log_every=10"]


@pytest.mark.parametrize(("field", "kind"), [("schedule", "pretrain"), ("embedder", "tune"), ("embedder", "control")])
def test_a_limit_in_dollars_comes_with_the_pods_price(field: str, kind: str) -> None:
    initial = {"initial_checkpoint": "{name: BERT, source: its authors, checkpoint: model.ckpt}"}
    free, limited = (
        next(
            one for one in planned(Kind.INDEX, Kind.CONTROL, recipe=load_recipe("tiny", given)) if one.spec.kind == kind
        )
        for given in (initial, initial | {f"{field}.max_dollars": "50", f"{field}.max_hours": "10"})
    )
    assert free.name == limited.name
    priced = PROFILE.model_copy(update={"trainer": Pool(cpu="4", memory="16Gi", dollars_per_hour=8.0)})
    said = ["--runtime", "max_hours=10.0", "--runtime", "max_dollars=50.0", "--dollars-per-hour", "8.0"]
    assert container(render(limited, priced))["args"][-6:] == said
    assert not {"--dollars-per-hour", "max_hours=None"} & set(container(render(free, priced))["args"])
    with pytest.raises(PreflightError, match=r"knows no price.*\n.*COVID_CTL_TRAINER__DOLLARS_PER_HOUR"):
        render(limited, PROFILE)


def test_training_has_its_own_image() -> None:
    images = {kind: container(render(step, PROFILE))["image"] for kind, step in BY_KIND.items()}
    assert images == {
        "ingest": "worker:1",
        "signatures": "worker:1",
        "vocabulary": "worker:1",
        "preprocess": "worker:1",
        "pretrain": "trainer:1",
        "export": "exporter:1",
    }


@pytest.mark.parametrize(
    ("own", "found"),
    [
        ({}, "glibc.malloc.hugetlb=1"),
        ({"GLIBC_TUNABLES": "glibc.malloc.arena_max=2"}, "glibc.malloc.hugetlb=1:glibc.malloc.arena_max=2"),
        ({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=2"}, "glibc.malloc.hugetlb=2"),
    ],
)
def test_training_on_cpus_asks_for_huge_pages_unless_the_profile_has_its_own_word(
    own: dict[str, str], found: str
) -> None:
    profile = PROFILE.model_copy(update={"env": own})
    variables = {
        kind: {one["name"]: one["value"] for one in container(render(BY_KIND[kind], profile))["env"]}
        for kind in ("pretrain", "ingest")
    }
    assert variables["pretrain"]["GLIBC_TUNABLES"] == found
    assert variables["ingest"].get("GLIBC_TUNABLES") == own.get("GLIBC_TUNABLES")


def test_preemption_is_ignored_before_exit_codes_are_looked_at() -> None:
    job = render(BY_KIND["preprocess"], PROFILE)
    rules = job["spec"]["podFailurePolicy"]["rules"]
    assert [rule["action"] for rule in rules] == ["Ignore", "Ignore", "FailIndex", "FailJob"]
    assert rules[0]["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    policy = JobPolicy.of(job)
    assert [policy.action(code) for code in (1, 42, 43, 44, 45, 46, 47, 137, 143)] == [
        "Count", "FailIndex", "FailJob", "FailJob", "Ignore", "Ignore", "FailJob", "Count", "Count",
    ]  # fmt: skip
