"""Submitting to a cluster: at most one Job of a name, whatever became of the last one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from controller.cli.lines import submitted_line
from controller.clusters.kubernetes import KubernetesCluster
from controller.doctor.check import Check, failed
from controller.doctor.preflight import preflight
from controller.kube.api_errors import ForbiddenError, ForeignJobError, NotFoundError, StillThereError
from controller.labels import ANNOTATION_TEMPLATE
from controller.ledger.events import Event, EventType
from controller.planning.manifest import render
from controller.profiles.pool import Pool
from controller.tracking.submission import SubmissionOutcome, Submitted, submit
from jobs.errors import PreflightError
from jobs.recipe import load_recipe
from jobs.spec import Kind
from tests.api_server.server import ApiServer
from tests.controller.steps import complete, profile, steps
from tests.controller.tracked import World
from tests.standin_kubelet import RUNS


@pytest.fixture
def world(server: ApiServer, cluster: KubernetesCluster, tmp_path: Path) -> World:
    return World(server, cluster, tmp_path)


def outcomes(world: World) -> list[SubmissionOutcome]:
    return [submitted.outcome for submitted in world.submit(*steps())]


def test_jobs_are_suspended_while_their_inputs_are_not_complete(world: World) -> None:
    complete(world.store, steps()[0])
    submitted = world.submit(*steps())
    assert [one.outcome for one in submitted] == [SubmissionOutcome.COMPLETE, *[SubmissionOutcome.CREATED] * 3]
    assert [len(one.missing) for one in submitted] == [0, 0, 1, 2]
    assert [world.suspended(step) for step in steps()[1:]] == [False, True, True]


def test_the_ledger_names_the_image_that_a_step_ran_in(world: World) -> None:
    world.submit(*steps())
    for step in steps():
        (event,) = world.ledger.events(step.name)
        (job,) = (job for job in world.server.store.all("jobs", "default") if job["metadata"]["name"] == step.name)
        assert event.image == job["spec"]["template"]["spec"]["containers"][0]["image"]


def test_twice_changes_nothing(world: World) -> None:
    world.submit(*steps())
    before = [(job["metadata"]["resourceVersion"], job["spec"]) for job in world.server.store.all("jobs", "default")]
    written = [(info.path, info.size) for info in world.store.objects()]
    assert outcomes(world) == [SubmissionOutcome.THERE] * 4
    after = [(job["metadata"]["resourceVersion"], job["spec"]) for job in world.server.store.all("jobs", "default")]
    assert (after, [(info.path, info.size) for info in world.store.objects()]) == (before, written)


def test_what_is_complete_needs_no_job(world: World) -> None:
    for step in steps():
        complete(world.store, step)
    assert outcomes(world) == [SubmissionOutcome.COMPLETE] * 4
    assert world.server.store.all("jobs", "default") == []


def test_a_failed_job_makes_room_for_another(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    first = world.server.store.get("jobs", "default", ingest.name)["metadata"]["uid"]
    world.kubelet(ingest, _0=43).step()
    (again,) = world.submit(ingest)
    assert again.outcome is SubmissionOutcome.AGAIN
    assert "exited with 43" in again.why_again
    assert world.server.store.get("jobs", "default", ingest.name)["metadata"]["uid"] != first
    assert world.types(ingest) == [EventType.SUBMITTED, EventType.SUBMITTED]


def remake(world: World, **fields: object) -> Submitted:
    (again,) = submit(
        [steps()[0]], profile(world.store.location, **fields), world.store, world.cluster, clock=world.now
    )
    return again


def uid(world: World) -> str:
    return str(world.server.store.get("jobs", "default", steps()[0].name)["metadata"]["uid"])


MORE_MEMORY = {"workers": Pool(cpu="1", memory="4Gi")}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        (MORE_MEMORY, "resources.requests.memory: 2Gi -> 4Gi"),
        ({"env": {"HTTPS_PROXY": "http://proxy"}}, "env: "),
        ({"workers": Pool(cpu="1", memory="2Gi", node_selector={"pool": "b"})}, "spec.nodeSelector: none -> "),
        ({"service_account": "other"}, "spec.serviceAccountName: covid-ctl-worker -> other"),
    ],
)
def test_a_mended_profile_makes_a_job_anew_of_which_nothing_runs(
    fields: dict[str, object], said: str, world: World
) -> None:
    world.submit(steps()[0])
    first = uid(world)
    again = remake(world, **fields)
    assert again.outcome is SubmissionOutcome.AGAIN
    assert said in again.why_again
    assert uid(world) != first
    assert world.types(steps()[0]) == [EventType.SUBMITTED, EventType.SUBMITTED]
    assert remake(world, **fields).outcome is SubmissionOutcome.THERE


def test_a_job_that_waits_for_its_inputs_is_made_anew_too(world: World) -> None:
    _, signatures, *_ = steps()
    world.submit(signatures)
    (again,) = world.submit(signatures, **MORE_MEMORY)
    assert (again.outcome, world.suspended(signatures)) == (SubmissionOutcome.AGAIN, True)


def test_pods_at_work_are_left_alone_and_what_differs_is_said(world: World) -> None:
    world.submit(steps()[0])
    world.kubelet(steps()[0], _0=RUNS).step()
    first = uid(world)
    again = remake(world, **MORE_MEMORY)
    assert again.outcome is SubmissionOutcome.THERE
    assert "resources.limits.memory: 2Gi -> 4Gi" in again.outdated
    assert "covid-ctl cancel" in submitted_line(again)
    assert uid(world) == first


def test_the_servers_own_way_to_write_a_template_is_no_change(world: World) -> None:
    """It adds defaults, and writes 2048Mi as 2Gi."""
    world.submit(steps()[0])
    job = world.server.store.get("jobs", "default", steps()[0].name)
    pod = job["spec"]["template"]["spec"]
    pod["dnsPolicy"] = "ClusterFirst"
    pod["containers"][0]["resources"]["requests"]["cpu"] = "1000m"
    world.server.store.update("jobs", "default", job)
    assert remake(world).outcome is SubmissionOutcome.THERE
    assert not any(
        "cpu" in found for found in world.cluster.template_changes(render(steps()[0], profile("b", **MORE_MEMORY)))
    )


def test_a_job_that_tells_nothing_of_its_template_is_left_alone(world: World) -> None:
    world.submit(steps()[0])
    job = world.server.store.get("jobs", "default", steps()[0].name)
    del job["metadata"]["annotations"][ANNOTATION_TEMPLATE]
    world.server.store.update("jobs", "default", job)
    assert remake(world, **MORE_MEMORY).outcome is SubmissionOutcome.THERE


def test_a_finished_job_of_another_bucket_gives_way(world: World, tmp_path: Path) -> None:
    ingest = steps()[0]
    elsewhere = World(world.server, world.cluster, tmp_path / "elsewhere")
    elsewhere.submit(ingest)
    with pytest.raises(ForeignJobError, match="works for another bucket"):
        world.submit(ingest)
    complete(elsewhere.store, ingest)
    world.kubelet(ingest).step()
    first = uid(world)
    (submitted,) = world.submit(ingest)
    assert (submitted.outcome, submitted.why_again) == (SubmissionOutcome.CREATED, "")
    assert uid(world) != first


ENDED = {
    EventType.FAILED: "it had failed: by chance",
    EventType.CANCELLED: "it had been cancelled",
    EventType.SUCCEEDED: "its artifact is gone",
    EventType.STARTED: "its Job was gone",
}


@pytest.mark.parametrize("life", ENDED)
def test_the_ledger_knows_what_became_of_a_job_that_is_gone(life: EventType, world: World) -> None:
    ingest = steps()[0]
    world.ledger.append(ingest.name, Event(EventType.SUBMITTED, 1.0))
    world.ledger.append(ingest.name, Event(life, 2.0, "by chance"))
    (again,) = world.submit(ingest)
    assert (again.outcome, again.why_again) == (SubmissionOutcome.AGAIN, ENDED[life])


def test_a_refused_job_leaves_nothing_behind(world: World) -> None:
    ingest, signatures, *_ = steps()
    foreign = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": signatures.name}, "status": {}}
    world.server.store.create("jobs", "default", {**foreign, "spec": {"completions": 1, "template": {"spec": {}}}})
    with pytest.raises(ForeignJobError, match="covid-ctl did not make"):
        world.submit(ingest, signatures)
    assert [job["metadata"]["name"] for job in world.server.store.all("jobs", "default")] == [signatures.name]
    assert world.store.objects() == []


def test_a_missing_namespace_leaves_nothing_behind(world: World) -> None:
    cluster = KubernetesCluster.connect(namespace="absent")
    world.cluster = cluster
    with pytest.raises(NotFoundError) as caught:
        world.submit(*steps())
    assert caught.value.remedy == "kubectl create namespace absent"
    assert world.store.objects() == []


def test_one_that_is_still_being_deleted_is_waited_for_by_the_person(world: World) -> None:
    ingest = steps()[0]
    world.submit(ingest)
    job = world.server.store.get("jobs", "default", ingest.name)
    job["metadata"] |= {"deletionTimestamp": world.server.store.now(), "finalizers": ["somebody/else"]}
    world.server.store.update("jobs", "default", job)
    with pytest.raises(StillThereError, match="still being deleted"):
        world.submit(ingest)
    assert world.types(ingest) == [EventType.SUBMITTED]


def account(world: World) -> None:
    world.server.store.create("serviceaccounts", "default", {"metadata": {"name": "covid-ctl-worker"}})


def test_a_dry_run_tells_who_may_not_create_jobs(world: World) -> None:
    world.server.denied.add(("create", "jobs"))
    with pytest.raises(ForbiddenError, match='cannot create resource "jobs"'):
        world.submit(*steps())
    assert world.store.objects() == []


def test_preflight_tries_the_bucket_and_leaves_nothing(world: World, tmp_path: Path) -> None:
    account(world)
    (tmp_path / "bucket").mkdir()
    preflight(profile(world.store.location), load_recipe("tiny"), world.cluster, Kind)
    assert list((tmp_path / "bucket").iterdir()) == []


def test_the_outside_is_asked_side_by_side_and_told_in_order(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    account(world)
    all_three = threading.Barrier(3, timeout=120.0)

    def meet(name: str) -> Check:
        all_three.wait()
        return failed(name, "met", "")

    monkeypatch.setattr("controller.doctor.images.images", lambda *_: meet("images"))
    monkeypatch.setattr("controller.doctor.examination.tpu_offered", lambda _: meet("TPU"))
    monkeypatch.setattr("controller.doctor.preflight.bucket", lambda _: meet("bucket"))
    with pytest.raises(PreflightError, match="images: met; TPU: met; bucket: met"):
        preflight(profile(world.store.location), load_recipe("tiny"), world.cluster, Kind)


def test_preflight_names_all_that_is_in_the_way(world: World, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PreflightError, match=r"there is no covid-ctl-worker.*bucket: "):
        preflight(profile(str(tmp_path / "file" / "bucket")), load_recipe("tiny"), world.cluster, Kind)
