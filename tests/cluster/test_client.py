"""Creating, releasing, explaining, following and deleting Jobs on a real API server. Needs no kubelet and no image."""

from typing import Any

import pytest

from controller.clusters.informer import Informer
from controller.clusters.interface import JobState
from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import ForbiddenError, ForeignJobError, InvalidError, NotFoundError
from controller.labels import ANNOTATION_SPEC
from controller.planning.manifest import render
from controller.profiles.profile import Images, Profile
from tests.cluster.waiting import until
from tests.conformance import CASES, NAME, job
from tests.controller.steps import planned
from tests.eviction import evict
from tests.standin_kubelet import OUT_OF_MEMORY, RUNS, StandinKubelet

pytestmark = pytest.mark.cluster

STEPS = planned(shards=3)
IMAGES = Images(worker="worker:1", trainer="trainer:1", exporter="exporter:1")
PROFILE = Profile(name="test", bucket="gs://bucket/x", images=IMAGES, parallelism=2, service_account="default")


def metadata(cluster: KubernetesCluster, name: str) -> dict[str, Any]:
    found: dict[str, Any] = cluster.api.get(f"/apis/batch/v1/namespaces/{cluster.namespace}/jobs/{name}")["metadata"]
    return found


def reason(cluster: KubernetesCluster) -> str:
    status = cluster.status(NAME)
    return status.reason if status else ""


@pytest.mark.parametrize("step", STEPS, ids=lambda step: str(step.spec.kind))
def test_every_step_is_accepted_under_pod_security_restricted(step: Any, real_cluster: KubernetesCluster) -> None:
    real_cluster.validate(render(step, PROFILE))
    assert real_cluster.jobs() == []
    real_cluster.create(render(step, PROFILE))
    until(lambda: real_cluster.pods(step.name), "a pod: the Job is admitted, not only stored")


def test_creating_twice_changes_nothing_and_a_released_job_stays_released(real_cluster: KubernetesCluster) -> None:
    made = job(CASES[0])
    made["spec"]["suspend"] = True
    real_cluster.create(made)
    until(lambda: (status := real_cluster.status(NAME)) and status.state is JobState.SUSPENDED, "the Job's state")
    first = metadata(real_cluster, NAME)["generation"]
    real_cluster.create(made)
    assert metadata(real_cluster, NAME)["generation"] == first
    real_cluster.release(NAME)
    released = metadata(real_cluster, NAME)["generation"]
    real_cluster.create(made)
    real_cluster.release(NAME)
    assert metadata(real_cluster, NAME)["generation"] == released == first + 1
    until(lambda: len(real_cluster.pods(NAME)) == 2, "two pods")


def test_a_job_that_is_not_ours_is_refused(real_cluster: KubernetesCluster) -> None:
    theirs = job(CASES[0])
    theirs["metadata"]["labels"] = {"team": "theirs"}
    real_cluster.api.post(f"/apis/batch/v1/namespaces/{real_cluster.namespace}/jobs", theirs)
    with pytest.raises(ForeignJobError):
        real_cluster.create(job(CASES[0]))
    assert metadata(real_cluster, NAME)["labels"] == {"team": "theirs"}


def test_fields_that_are_wrong_are_named(real_cluster: KubernetesCluster) -> None:
    unknown = job(CASES[0])
    unknown["spec"]["completion"] = 3
    with pytest.raises(InvalidError, match=r"spec\.completion"):
        real_cluster.create(unknown)
    invalid = job(CASES[0])
    invalid["spec"]["template"]["spec"]["restartPolicy"] = "OnFailure"
    with pytest.raises(InvalidError, match=r"spec\.template\.spec\.restartPolicy"):
        real_cluster.create(invalid)
    changed = job(CASES[0])
    real_cluster.create(changed)
    path = f"/apis/batch/v1/namespaces/{real_cluster.namespace}/jobs/{NAME}"
    patch = {"spec": {"template": {"spec": {"terminationGracePeriodSeconds": 9}}}}
    with pytest.raises(InvalidError, match=r"spec\.template.*immutable"):
        real_cluster.api.patch(path, patch, "application/merge-patch+json")


def test_a_missing_namespace(real_cluster: KubernetesCluster) -> None:
    elsewhere = KubernetesCluster.connect(namespace=f"{real_cluster.namespace}-missing")
    with pytest.raises(NotFoundError, match="kubectl create namespace"):
        elsewhere.create(job(CASES[0]))


def test_an_eviction_does_not_count(real_cluster: KubernetesCluster) -> None:
    made = job(CASES[1])
    made["spec"]["backoffLimitPerIndex"] = 0
    real_cluster.create(made)
    until(lambda: real_cluster.pods(NAME), "a pod")
    evict(real_cluster, real_cluster.pods(NAME)[0].name)
    kubelet = StandinKubelet(real_cluster, NAME, {})
    until(lambda: kubelet.step() or ((status := real_cluster.status(NAME)) and status.condition), "the Job's end")
    status = real_cluster.status(NAME)
    assert status is not None
    assert (status.state, status.retries) == (JobState.COMPLETE, 0)


def test_a_job_that_is_given_up_ends_without_a_retry(real_cluster: KubernetesCluster) -> None:
    """As the tracker does where a pod ran out of memory. The limit of a whole Job is mutable, that per index is not."""
    real_cluster.create(job(CASES[0]))
    kubelet = StandinKubelet(real_cluster, NAME, {0: (OUT_OF_MEMORY,), 1: (RUNS,), 2: (RUNS,)})
    until(
        lambda: kubelet.step() or any(pod.is_out_of_memory for pod in real_cluster.pods(NAME)),
        "a pod without memory",
    )
    real_cluster.give_up(NAME)
    until(lambda: kubelet.step() or ((status := real_cluster.status(NAME)) and status.condition), "the Job's end")
    status = real_cluster.status(NAME)
    assert status is not None
    assert status.condition is not None
    assert (status.state, status.condition.reason) == (JobState.FAILED, "BackoffLimitExceeded")
    assert status.reason.startswith("index 0 OOMKilled")
    assert (status.retries, kubelet.attempts[0]) == (0, 1)


def test_quota_and_policy_say_why_no_pod_is_made(real_cluster: KubernetesCluster) -> None:
    quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
    path = f"/api/v1/namespaces/{real_cluster.namespace}/resourcequotas"
    real_cluster.api.post(path, quota)
    until(lambda: "hard" in real_cluster.api.get(f"{path}/none").get("status", {}), "the quota to be in force")
    real_cluster.create(job(CASES[0]))
    until(lambda: "exceeded quota: none" in reason(real_cluster), "the refusal by quota")
    real_cluster.delete(NAME)
    privileged = job(CASES[0])
    del privileged["spec"]["template"]["spec"]["securityContext"]
    real_cluster.create(privileged)
    until(lambda: "violates PodSecurity" in reason(real_cluster), "the refusal by policy")


def test_a_mirror_agrees_with_asking_and_sees_the_end(real_cluster: KubernetesCluster) -> None:
    with Informer(real_cluster) as informer:
        real_cluster.create(job(CASES[0]))
        kubelet = StandinKubelet(real_cluster, NAME, {})
        until(lambda: kubelet.step() or ((status := informer.status(NAME)) and status.condition), "the Job's end")
        until(lambda: informer.status(NAME) == real_cluster.status(NAME), "the mirror to agree")
        real_cluster.delete(NAME)
        until(lambda: informer.status(NAME) is None and not informer.pods(NAME), "the mirror to see the end")


def test_deleting_leaves_no_pod(real_cluster: KubernetesCluster) -> None:
    real_cluster.create(job(CASES[0]))
    until(lambda: len(real_cluster.pods(NAME)) == 2, "two pods")
    real_cluster.delete(NAME)
    assert real_cluster.pods(NAME) == []
    real_cluster.delete(NAME)


def test_a_job_of_another_spec_is_refused(real_cluster: KubernetesCluster) -> None:
    real_cluster.create(job(CASES[0]))
    other = job(CASES[0])
    other["metadata"]["annotations"][ANNOTATION_SPEC] = "1" * 64
    with pytest.raises(ForeignJobError, match="another spec"):
        real_cluster.create(other)


def test_what_may_not_be_done_is_named(real_cluster: KubernetesCluster) -> None:
    assert real_cluster.may("create", "jobs", group="batch").allowed
    assert real_cluster.version() >= (1, 31)
    nobody = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody"}}
    real_cluster.api.post(f"/api/v1/namespaces/{real_cluster.namespace}/serviceaccounts", nobody)
    user = f"system:serviceaccount:{real_cluster.namespace}:nobody"
    limited = KubernetesCluster.connect(namespace=real_cluster.namespace)
    limited.api._client.set_default_header("Impersonate-User", user)
    assert not limited.may("create", "jobs", group="batch").allowed
    with pytest.raises(
        ForbiddenError, match=rf"kubectl --namespace {real_cluster.namespace} auth can-i get jobs\.batch"
    ):
        limited.create(job(CASES[0]))
