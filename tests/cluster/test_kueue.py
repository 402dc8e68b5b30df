"""Behind Kueue's queues: Jobs wait for their inputs first, then for the queue, and what Kueue says of them is told.

Needs Kueue 0.19 or newer. Every ClusterQueue here has a flavor and a LocalQueue of its own.
"""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from controller.clusters.interface import JobState
from controller.kube.api_errors import ApiError
from controller.labels import LABEL_QUEUE
from tests.cluster.place import Place, write_recipe
from tests.cluster.pods import pod
from tests.cluster.test_endings import by_kind, step_of
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

PLENTY = {"cpu": "100", "memory": "1Ti", "ephemeral-storage": "1Ti"}
"""The quota names all that our pods request: Kueue admits nothing to a queue that leaves a resource out."""
COMMAND = ("submit", "preprocess", "--recipe")
URGENT = "urgent"


@contextmanager
def queue(
    place: Place, local: str, quotas: Mapping[str, str], node_labels: Mapping[str, str] | None = None
) -> Iterator[None]:
    """The LocalQueue ``local``, before a ClusterQueue of one flavor in which higher priorities come first.

    The WorkloadPriorityClass of the namespace's name has one.
    """
    api, name = place.cluster.api, place.cluster.namespace
    try:
        version = api.get("/apis/kueue.x-k8s.io")["preferredVersion"]["groupVersion"]
    except ApiError as error:
        pytest.skip(f"no Kueue: {error.reason}")

    def make(path: str, kind: str, of: str, spec: Mapping[str, Any]) -> None:
        fields = spec if kind == "WorkloadPriorityClass" else {"spec": spec}
        api.post(path, {"apiVersion": version, "kind": kind, "metadata": {"name": of}, **fields})

    flavor = {"name": name, "resources": [{"name": one, "nominalQuota": quota} for one, quota in quotas.items()]}
    groups = [{"coveredResources": list(quotas), "flavors": [flavor]}]
    wide = f"/apis/{version}"
    make(f"{wide}/resourceflavors", "ResourceFlavor", name, {"nodeLabels": node_labels} if node_labels else {})
    rules = {"namespaceSelector": {}, "preemption": {"withinClusterQueue": "LowerPriority"}}
    make(f"{wide}/clusterqueues", "ClusterQueue", name, rules | {"resourceGroups": groups})
    make(f"{wide}/workloadpriorityclasses", "WorkloadPriorityClass", name, {"value": 1000})
    make(f"{wide}/namespaces/{name}/localqueues", "LocalQueue", local, {"clusterQueue": name})
    try:
        yield
    finally:
        # Finalizers keep them until nothing uses them; the namespace, and all in it, goes next.
        for kind in ("clusterqueues", "resourceflavors", "workloadpriorityclasses"):
            with suppress(ApiError):
                api.delete(f"{wide}/{kind}/{name}", {})


def test_a_default_queue_leaves_a_job_alone_until_its_inputs_are_complete(place: Place) -> None:
    """Kueue's webhook labels every Job of a namespace that has a LocalQueue named default."""
    with queue(place, "default", PLENTY):
        place.succeed(*COMMAND, write_recipe(place))
        signatures = by_kind(place, "signatures")
        for _ in range(20):
            status = place.cluster.status(signatures)
            assert status
            assert status.state is JobState.SUSPENDED
            time.sleep(1)
        with place.running("tracker"):
            complete = {"complete"}
            until(lambda: set(place.states().values()) == complete, "all steps through it", cluster=place.cluster)


REFUSALS: dict[str, tuple[Mapping[str, str], Mapping[str, str], str]] = {
    "too small a quota": (PLENTY | {"cpu": "50m"}, {}, "cpu"),
    "a resource that it does not cover": ({"cpu": "100", "memory": "1Ti"}, {}, "ephemeral-storage"),
    "a flavor of other nodes": (PLENTY, {"covid-ctl.example/pool": "tpu"}, "doesn't match node affinity"),
}
"""Quotas, the flavor's labels, and a word of Kueue's reason. The pods want nodes of another pool."""


@pytest.mark.parametrize("case", REFUSALS)
def test_what_kueue_admits_never_is_told_in_its_words(case: str, place: Place) -> None:
    quotas, labels, words = REFUSALS[case]
    pool = place.profile()["workers"] | {"node_selector": dict.fromkeys(labels, "cpu")}
    place.write_profile(queue="papers", workers=pool)
    with queue(place, "papers", quotas, labels):
        doctor = place.run("doctor")
        uncovered = f"covers no {words}, which our pods request"
        assert (uncovered in doctor.out) == (case == "a resource that it does not cover"), doctor
        submitted = place.run(*COMMAND, write_recipe(place))
        if uncovered in doctor.out:
            assert submitted.code == 3, submitted
            assert uncovered in submitted.err
            return
        assert submitted.code == 0, submitted
        ingest = by_kind(place, "ingest")
        reason = until(
            lambda: found if words in (found := step_of(place, ingest)["reason"]) else "", "Kueue's reason in status"
        )
        assert reason.startswith("waits for the queue papers to admit it: "), reason
        explained = place.succeed("explain", ingest).out
        assert words in explained
        assert f"kubectl --namespace {place.cluster.namespace} get workloads" in explained
        place.succeed("cancel", ingest)


def test_a_step_that_kueue_preempts_waits_for_the_queue_and_goes_on(place: Place) -> None:
    schedule: dict[str, Any] = {"train_steps": 100_000, "checkpoint_every": 20}
    jobs = f"/apis/batch/v1/namespaces/{place.cluster.namespace}/jobs"
    place.write_profile(queue="papers")
    with queue(place, "papers", PLENTY | {"cpu": "300m"}), place.running("tracker"):
        place.succeed("submit", "pretrain", write_recipe(place, **schedule), "--with-inputs")
        name = by_kind(place, "pretrain")
        until(lambda: step_of(place, name)["checkpoint"], "pretrain to have a checkpoint", cluster=place.cluster)
        place.cluster.api.post(jobs, more_important(place))
        found = until(
            lambda: step if "; now Pending: " in (step := step_of(place, name))["reason"] else None,
            "pretrain to be preempted, and to wait again",
        )
        assert found["state"] == "waiting", found
        told = "waits for the queue papers to admit it: Preempted to accommodate a workload due to prioritization"
        assert found["reason"].startswith(told), found
        place.cluster.api.delete(f"{jobs}/{URGENT}", {"propagationPolicy": "Background"})
        until(lambda: step_of(place, name)["state"] == "running", "pretrain to be admitted again")
        until(lambda: (step_of(place, name)["checkpoint"] or 0) > found["checkpoint"], "pretrain to go on from there")
        place.succeed("cancel", name)


def more_important(place: Place) -> dict[str, Any]:
    """Somebody's Job in the same queue, for which nothing else has room."""
    template = pod(URGENT, place.image, ["python", "-c", "import time; time.sleep(3600)"])["spec"]
    requests = {"cpu": "250m", "memory": "256Mi", "ephemeral-storage": "1Mi"}
    template["containers"][0]["resources"] = {"requests": requests}
    labels = {LABEL_QUEUE: "papers", "kueue.x-k8s.io/priority-class": place.cluster.namespace}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": URGENT, "labels": labels},
        "spec": {"suspend": True, "template": {"spec": template}},
    }
