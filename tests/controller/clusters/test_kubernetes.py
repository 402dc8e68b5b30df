"""What covid-ctl does to a cluster, over HTTP: create once, release, delete to the last pod, and ask."""

from typing import Any

import pytest

from controller.clusters.interface import JobState
from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import (
    ForbiddenError,
    ForeignJobError,
    InvalidError,
    NotFoundError,
    OverloadedError,
    StillThereError,
    UnreachableError,
)
from controller.labels import ANNOTATION_BUCKET, ANNOTATION_SPEC, LABEL_MANAGED_BY, LABEL_QUEUE
from controller.planning.manifest import render
from controller.profiles.profile import Images, Profile
from tests.api_server.server import ApiServer, Fault
from tests.controller.steps import planned
from tests.eviction import evict

STEP = planned(shards=3)[-1]
NAME = STEP.name


IMAGES = Images(worker="worker:1", trainer="trainer:1", exporter="exporter:1")


def job(*, suspend: bool = False, queue: str = "") -> dict[str, Any]:
    profile = Profile(name="test", bucket="gs://bucket/x", images=IMAGES, parallelism=2, queue=queue)
    return render(STEP, profile, suspend=suspend)


def writes(server: ApiServer) -> list[str]:
    return [request for request in server.requests if not request.startswith("GET")]


def test_what_render_makes_is_applied_strictly_and_unforced(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job())
    (write,) = writes(server)
    assert write.startswith(f"PATCH /apis/batch/v1/namespaces/default/jobs/{NAME}?")
    assert "fieldValidation=Strict" in write
    assert "fieldManager=covid-ctl" in write
    assert "force" not in write
    assert [found.name for found in cluster.jobs()] == [NAME]
    assert [pod.index for pod in cluster.pods(NAME)] == [0, 1]


def test_creating_again_changes_nothing_even_after_release(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job(suspend=True))
    cluster.release(NAME)
    before = server.store.get("jobs", "default", NAME)["metadata"]
    cluster.create(job(suspend=True))
    cluster.release(NAME)
    after = server.store.get("jobs", "default", NAME)["metadata"]
    assert (after["generation"], after["resourceVersion"]) == (before["generation"], before["resourceVersion"])
    status = cluster.status(NAME)
    assert status is not None
    assert status.state is JobState.PENDING


def test_a_job_for_a_queue_is_released_into_it_and_left_to_kueue(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job(suspend=True, queue="tpu"))
    before = cluster.status(NAME)
    cluster.release(NAME)
    found = server.store.get("jobs", "default", NAME)
    assert (found["metadata"]["labels"][LABEL_QUEUE], found["spec"]["suspend"]) == ("tpu", True)
    after = cluster.status(NAME)
    assert before is not None
    assert after is not None
    assert (before.state, after.state) == (JobState.SUSPENDED, JobState.SUSPENDED)
    assert before.reason == f"waits for its inputs {', '.join(STEP.after)}"
    assert after.reason == "waits for the queue tpu to admit it"


@pytest.mark.parametrize(
    "change",
    [
        {"labels": {"team": "theirs"}},
        {"labels": {LABEL_MANAGED_BY: "somebody"}},
        {"annotations": {ANNOTATION_SPEC: "0" * 64}},
        {"annotations": {ANNOTATION_SPEC: STEP.spec.sha256, ANNOTATION_BUCKET: "gs://bucket/other"}},
    ],
    ids=["unlabelled", "of another manager", "of another spec", "for another bucket"],
)
def test_a_job_that_is_not_ours_is_refused_and_left_alone(
    server: ApiServer, cluster: KubernetesCluster, change: dict[str, Any]
) -> None:
    theirs = job()
    theirs["metadata"] |= change
    cluster.api.post("/apis/batch/v1/namespaces/default/jobs", theirs)
    before = server.store.get("jobs", "default", NAME)
    with pytest.raises(ForeignJobError, match="a Job of this name exists"):
        cluster.create(job())
    assert server.store.get("jobs", "default", NAME) == before


def test_a_job_that_somebody_makes_at_the_same_moment_is_refused_too(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    theirs = job()
    theirs["metadata"] |= {"labels": {LABEL_MANAGED_BY: "somebody"}}
    theirs["spec"]["template"]["spec"]["containers"][0]["image"] = "theirs:1"
    cluster.api.post("/apis/batch/v1/namespaces/default/jobs", theirs, fieldManager="somebody")
    server.faults.append(Fault("GET", f"jobs/{NAME}", 404))  # it comes between the look and the write
    with pytest.raises(ForeignJobError):
        cluster.create(job())
    found = server.store.get("jobs", "default", NAME)
    assert found["metadata"]["labels"] == {LABEL_MANAGED_BY: "somebody"}


def test_two_who_create_the_same_at_the_same_moment_both_succeed(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job(suspend=True))
    cluster.release(NAME)
    server.faults.append(Fault("GET", f"jobs/{NAME}", 404))
    cluster.create(job(suspend=True))
    assert server.store.get("jobs", "default", NAME)["spec"]["suspend"] is False


def test_a_dry_run_stores_nothing_and_finds_what_is_wrong(cluster: KubernetesCluster) -> None:
    cluster.validate(job())
    assert cluster.jobs() == []
    wrong = job()
    wrong["spec"]["completion"] = 3
    with pytest.raises(InvalidError, match=r"spec\.completion"):
        cluster.validate(wrong)


def test_an_unknown_field_is_named_and_nothing_is_tried_twice(
    server: ApiServer, cluster: KubernetesCluster, pauses: list[float]
) -> None:
    wrong = job()
    wrong["spec"]["template"]["spec"]["containers"][0]["imagePolicy"] = "Never"
    with pytest.raises(InvalidError, match="imagePolicy"):
        cluster.create(wrong)
    assert len(writes(server)) == 1
    assert pauses == []


def test_a_name_too_long_for_its_pods(cluster: KubernetesCluster) -> None:
    wrong = job()
    wrong["metadata"]["name"] = "a" * 62
    with pytest.raises(InvalidError, match=r"metadata\.name"):
        cluster.create(wrong)


def test_a_missing_namespace(server: ApiServer) -> None:
    cluster = KubernetesCluster.connect(namespace="nowhere")
    with pytest.raises(NotFoundError, match="kubectl create namespace nowhere"):
        cluster.create(job())
    assert server.store.all("jobs", "") == []


@pytest.mark.parametrize("verb", ["get", "patch", "create", "delete"])
def test_a_missing_permission_is_named(server: ApiServer, cluster: KubernetesCluster, verb: str) -> None:
    if verb == "delete":
        cluster.create(job())
    server.denied.add((verb, "jobs"))
    assert not cluster.may(verb, "jobs", group="batch").allowed
    assert cluster.may("list", "pods").allowed
    with pytest.raises(ForbiddenError, match=f"kubectl --namespace default auth can-i {verb} jobs.batch"):
        cluster.delete(NAME) if verb == "delete" else cluster.create(job())


def test_deleting_leaves_no_pod_and_may_be_repeated(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job())
    assert cluster.pods(NAME)
    cluster.delete(NAME)
    assert server.store.all("pods", "") == []
    assert cluster.status(NAME) is None
    cluster.delete(NAME)


def test_a_deletion_that_does_not_end_says_so(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job())
    pod = server.store.all("pods", "default")[0]
    pod["metadata"]["finalizers"].append("example.com/kept")
    server.store.update("pods", "default", pod)
    clock = iter(range(100))
    patient = KubernetesCluster(cluster.api, clock=lambda: next(clock), sleep=lambda _: None)
    with pytest.raises(StillThereError, match="kubectl --namespace default get pods") as caught:
        patient.delete(NAME, wait_seconds=5)
    assert caught.value.cli_exit_code == 4
    status = cluster.status(NAME)
    assert status is not None
    assert status.state is JobState.ENDING
    with pytest.raises(StillThereError):
        cluster.create(job())


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_is_busy_is_asked_again(
    server: ApiServer, cluster: KubernetesCluster, pauses: list[float], status: int
) -> None:
    server.faults.append(Fault("PATCH", "jobs", status, headers={"Retry-After": "7"}, times=2))
    cluster.create(job())
    assert [found.name for found in cluster.jobs()] == [NAME]
    assert pauses == [7.5, 8.0]  # what the server asks for, and jitter on top


def test_a_connection_that_is_cut_is_made_again(
    server: ApiServer, cluster: KubernetesCluster, pauses: list[float]
) -> None:
    server.faults.append(Fault("PATCH", "jobs", 0, times=2))
    cluster.create(job())
    assert [found.name for found in cluster.jobs()] == [NAME]
    assert pauses == [0.5, 1.0]


def test_a_server_that_stays_busy_is_left_alone_in_the_end(
    server: ApiServer, cluster: KubernetesCluster, pauses: list[float]
) -> None:
    server.faults.append(Fault("GET", "version", 503, times=1000))
    with pytest.raises(OverloadedError):
        cluster.version()
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0]


def test_lists_come_in_pages(server: ApiServer, cluster: KubernetesCluster) -> None:
    for number in range(1203):
        server.store.create(
            "pods", "default", {"metadata": {"name": f"p{number}", "labels": {"batch.kubernetes.io/job-name": "j"}}}
        )
    server.requests.clear()
    assert len(cluster.pods("j")) == 1203
    assert len(server.requests) == 3


def test_the_log_of_a_pod(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job())
    pod = server.store.all("pods", "default")[0]
    with pytest.raises(InvalidError, match="waiting to start"):
        list(cluster.logs(pod["metadata"]["name"]))
    pod["metadata"]["annotations"]["test/log"] = "one\ntwo\n"
    server.store.update("pods", "default", pod)
    assert b"".join(cluster.logs(pod["metadata"]["name"], tail=2, follow=True)) == b"one\ntwo\n"
    assert "container=step&follow=true&tailLines=2" in server.requests[-1]
    with pytest.raises(NotFoundError):
        list(cluster.logs("gone"))


def test_the_version_of_a_managed_cluster(cluster: KubernetesCluster) -> None:
    assert cluster.version() == (1, 34)


def test_what_tells_no_version_is_no_api_server(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.faults.append(Fault("GET", "version", 200))
    with pytest.raises(UnreachableError, match="tells no version of Kubernetes"):
        cluster.version()


def test_a_quota_that_leaves_no_room_is_the_reason(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.jobs.refuse_pods = lambda _: 'pods "x" is forbidden: exceeded quota: compute, requested: cpu=1'
    cluster.create(job())
    status = KubernetesCluster(cluster.api, clock=lambda: server.now).status(NAME)
    assert status is not None
    assert status.state is JobState.PENDING
    assert status.reason == "quota: exceeded quota: compute, requested: cpu=1"


def test_an_eviction_marks_its_pod(server: ApiServer, cluster: KubernetesCluster) -> None:
    cluster.create(job())
    pod = cluster.pods(NAME)[0].name
    evict(cluster, pod)
    (found,) = [found for found in cluster.pods(NAME) if found.name == pod]
    assert (found.disruption, found.deleting) == ("EvictionByEvictionAPI", True)
    assert server.store.get("pods", "default", pod)["status"]["phase"] == "Pending"
