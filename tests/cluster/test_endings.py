"""Steps that do not end well: cancelled, failed by configuration, not allowed, never scheduled, without an image."""

from typing import Any

import pytest

from controller.clusters.interface import JobState
from controller.clusters.objects import ObservedPod
from controller.ledger.events import EventType, Ledger
from controller.planning.manifest import render
from controller.profiles.profile import load_profile
from jobs.artifact import Artifact
from jobs.recipe import load_recipe
from tests.cluster.image import PROCESSES
from tests.cluster.kubeconfig import kubeconfig_of
from tests.cluster.place import Place, write_recipe
from tests.cluster.waiting import until
from tests.controller.steps import planned

pytestmark = pytest.mark.cluster

NOWHERE = {"covid-ctl.example/no-such-node": "true"}
NO_IMAGE = "covid-ctl.invalid/no-such-image:1"


def by_kind(place: Place, kind: str) -> str:
    return next(name for name in place.jobs() if name.startswith(f"{kind}-"))


def step_of(place: Place, name: str) -> dict[str, Any]:
    (found,) = place.succeed("status", name, "--output", "json").json()
    return dict(found)


def running(place: Place, name: str) -> list[ObservedPod]:
    return [pod for pod in place.cluster.pods(name) if pod.phase == "Running"]


def small(profile: dict[str, Any], part: str, **changes: Any) -> dict[str, Any]:
    return {part: profile[part] | changes}


def test_cancelling_leaves_no_pod_and_keeps_the_record(place: Place) -> None:
    submit = ("submit", "pretrain", write_recipe(place, train_steps=100_000), "--with-inputs")
    with place.running("tracker"):
        place.succeed(*submit)
        name = by_kind(place, "pretrain")
        runs = until(lambda: running(place, name), "pretrain to run", cluster=place.cluster)
        assert len(runs) == 1
        told = place.succeed("cancel", name).out
        assert "cancelled" in told
        assert name not in place.jobs()
        assert place.cluster.pods(name) == []
        assert step_of(place, name)["state"] == "cancelled"
        assert "cancelled" in place.succeed("cancel", name).out or "not running" in place.succeed("cancel", name).out
        kept = place.states()
        assert {state for step, state in kept.items() if step != name} == {"complete"}
        place.succeed(*submit)
        until(lambda: running(place, name), "pretrain to run again", cluster=place.cluster)
        place.succeed("cancel", name)
    events = [event.type for event in Ledger(place.store()).events(name)]
    assert events.count(EventType.CANCELLED) == 2
    assert EventType.FAILED not in events


def test_bad_configuration_fails_at_once_and_says_what_is_wrong(place: Place) -> None:
    """43: the container is asked for a step that the bucket says is another."""
    profile = load_profile(None, environment={}, config=place.config)
    recipe = load_recipe("tiny")
    ingest = planned(recipe=recipe, shards=1, command="covid-ctl ...")[0]
    Artifact(place.store(), ingest.spec).submit()
    Ledger(place.store()).append(ingest.name, submitted())
    job = render(ingest, profile)
    args = job["spec"]["template"]["spec"]["containers"][0]["args"]
    args[0] = "vocabulary"
    if place.config_maps:
        from tests.cluster.carried import add_code

        add_code(job["spec"]["template"]["spec"], place.config_maps)
    with place.running("tracker"):
        place.cluster.create(job)
        status = until(
            lambda: found if (found := place.cluster.status(ingest.name)) and found.condition else None,
            "the Job to fail",
        )
        assert status.condition
        assert (status.state, status.condition.reason) == (JobState.FAILED, "PodFailurePolicy")
        assert status.retries == 0
        until(lambda: step_of(place, ingest.name)["state"] == "failed", "the tracker to note it")
    found = step_of(place, ingest.name)
    assert "its kind is ingest, not vocabulary" in found["reason"], found


def submitted() -> Any:
    import time

    from controller.ledger.events import Event

    return Event(EventType.SUBMITTED, time.time(), "covid-ctl ...")


def test_who_has_no_rights_is_told_which_before_anything_is_made(place: Place) -> None:
    accounts = f"/api/v1/namespaces/{place.cluster.namespace}/serviceaccounts"
    place.cluster.api.post(accounts, {"kind": "ServiceAccount", "metadata": {"name": "nobody"}})
    nobody = place.as_account(kubeconfig_of(place.cluster, "nobody"))
    refused = nobody.run("submit", "preprocess")
    assert refused.code == 3, refused
    assert 'cannot get resource "jobs"' in refused.err
    assert "covid-ctl-submitter" in refused.err
    assert "Traceback" not in refused.err
    assert place.jobs() == {}
    assert place.store().objects() == []
    place.succeed("submit", "preprocess")
    name = by_kind(place, "ingest")
    refused = nobody.run("cancel", name)
    assert refused.code != 0
    assert "Traceback" not in refused.err
    assert name in place.jobs()


def test_a_pending_pod_is_explained_in_the_schedulers_words(place: Place) -> None:
    place.write_profile(**small(place.profile(), "workers", node_selector=NOWHERE))
    place.succeed("submit", "preprocess")
    name = by_kind(place, "ingest")

    def reason() -> str:
        found = step_of(place, name)
        return str(found["reason"]) if "nschedulable" in found["reason"] else ""

    said = until(reason, "status to say that it cannot be scheduled")
    assert "nodes are available" in said, said
    explained = place.succeed("explain", name).out
    assert "nodes are available" in explained, explained
    assert "next:" in explained, explained
    assert place.succeed("explain", by_kind(place, "preprocess")).out.count(name) >= 1
    place.succeed("cancel", name)
    assert place.cluster.pods(name) == []


def test_an_image_that_cannot_be_pulled_is_named(place: Place) -> None:
    if place.image == PROCESSES:
        pytest.skip("processes have no image to pull: needs a kubelet")
    images = place.profile()["images"] | {"worker": NO_IMAGE}
    place.write_profile(images=images)
    place.succeed("submit", "preprocess")
    name = by_kind(place, "ingest")

    def reason() -> str:
        found = step_of(place, name)
        return str(found["reason"]) if "Pull" in found["reason"] or "pull" in found["reason"] else ""

    assert NO_IMAGE in until(reason, "status to say that the image cannot be pulled")
    assert NO_IMAGE in place.succeed("explain", name).out
    place.succeed("cancel", name)


def test_a_step_that_runs_out_of_memory_is_not_retried_and_continues_with_more(place: Place) -> None:
    if place.image == PROCESSES:
        pytest.skip("the memory of processes is not limited: needs a kubelet")
    place.write_profile(**small(place.profile(), "workers", memory="48Mi"))
    with place.running("tracker"):
        place.succeed("submit", "preprocess")
        name = until(lambda: failed_step(place), "a step to run out of memory, and the tracker to end it")
        found = step_of(place, name)
        assert "OOMKilled" in found["reason"], found
        assert "schedule.accumulation" in found["remedy"], found
        assert found["retries"] == 0, found
        place.write_profile()
        place.succeed("submit", "preprocess")
        until(lambda: set(place.states().values()) == {"complete"}, "all with more memory", cluster=place.cluster)


def failed_step(place: Place) -> str:
    """The first; which one that is, the image's Python decides, whose memory steps need beside their own."""
    return next((name for name, state in place.states().items() if state == "failed"), "")


def test_logs_outlive_their_pods(place: Place) -> None:
    with place.running("tracker"):
        place.succeed("submit", "preprocess", "--wait")
        name = by_kind(place, "ingest")
        from_pods = place.succeed("logs", name).out
        assert "shard.committed" in from_pods
        until(lambda: place.store().objects(f"{name}/logs"), "the tracker to bring the log to the bucket")
        place.cluster.delete(name)
    assert "shard.committed" in place.succeed("logs", name).out
