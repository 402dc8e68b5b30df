"""Jobs of strangers, profiles that were mended, Jobs that somebody suspended: on a real API server, with real pods."""

import json
import re
from typing import Any

import pytest

from controller.kube.api import MERGE_PATCH
from controller.labels import ANNOTATION_AFTER, ANNOTATION_BUCKET, LABEL_MANAGED_BY, MANAGER
from controller.ledger.events import Ledger
from tests.cluster.image import PROCESSES
from tests.cluster.place import Place, write_recipe
from tests.cluster.waiting import until

pytestmark = pytest.mark.cluster

NO_IMAGE = "covid-ctl.invalid/no-such-image:1"
COMMAND = ("submit", "preprocess", "--recipe")


def stranger(place: Place, name: str, annotations: dict[str, str]) -> None:
    """A suspended Job that runs nothing, with our label and whatever annotations a stranger likes."""
    container = {"name": "step", "image": NO_IMAGE, "command": ["true"]}
    security = {"runAsNonRoot": True, "runAsUser": 65532, "seccompProfile": {"type": "RuntimeDefault"}}
    container["securityContext"] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}  # type: ignore[assignment]
    pod = {"restartPolicy": "Never", "securityContext": security, "containers": [container]}
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "labels": {LABEL_MANAGED_BY: MANAGER}, "annotations": annotations},
        "spec": {"suspend": True, "template": {"spec": pod}},
    }
    place.cluster.api.post(f"/apis/batch/v1/namespaces/{place.cluster.namespace}/jobs", job)


def patch(place: Place, name: str, change: dict[str, Any]) -> None:
    path = f"/apis/batch/v1/namespaces/{place.cluster.namespace}/jobs/{name}"
    place.cluster.api.patch(path, change, MERGE_PATCH)


def by_kind(place: Place, kind: str) -> str:
    return next(name for name in place.jobs() if name.startswith(f"{kind}-"))


def step_of(place: Place, name: str) -> dict[str, Any]:
    (found,) = place.succeed("status", name, "--output", "json").json()
    return dict(found)


def test_jobs_of_strangers_neither_end_the_tracker_nor_make_it_open_anything(place: Place) -> None:
    ours = {ANNOTATION_BUCKET: place.bucket.location}
    stranger(place, "ingest-fffffff1", {**ours, ANNOTATION_AFTER: "../../etc"})
    stranger(place, "ingest-fffffff2", {ANNOTATION_BUCKET: "https://192.0.2.1/elsewhere"})
    stranger(place, "ingest-fffffff3", ours)
    with place.running("tracker") as tracker:
        place.succeed(*COMMAND, write_recipe(place))
        until(lambda: set(place.states().values()) == {"complete"}, "the steps beside strangers")
        assert tracker.poll() is None
    assert not any(name.startswith("ingest-fffffff") for name in Ledger(place.store()).steps())


def test_a_mended_image_gets_into_jobs_that_are_there_already(place: Place) -> None:
    if place.image == PROCESSES:
        pytest.skip("processes have no image to pull: needs a kubelet")
    profile = place.profile()
    place.write_profile(images=profile["images"] | {"worker": NO_IMAGE})
    recipe = write_recipe(place)
    place.run(*COMMAND, recipe)
    ingest = by_kind(place, "ingest")
    until(lambda: "Image" in step_of(place, ingest)["reason"], "the image to be missed")
    place.write_profile()
    again = place.succeed(*COMMAND, recipe).out
    assert "created again: the profile has changed since (image: " in again
    with place.running("tracker"):
        until(lambda: place.states()[ingest] == "complete", "ingest with its mended image", cluster=place.cluster)


@pytest.mark.parametrize("how", [{"suspend": True}, {"parallelism": 0}], ids=["suspended", "no parallelism"])
def test_what_somebody_did_to_a_job_is_named_and_the_remedy_undoes_it(place: Place, how: dict[str, Any]) -> None:
    with place.running("tracker"):
        place.succeed("submit", "pretrain", write_recipe(place, train_steps=100_000), "--with-inputs")
        name = by_kind(place, "pretrain")
        until(lambda: step_of(place, name)["state"] == "running", "pretrain to run", cluster=place.cluster)
        patch(place, name, {"spec": how})
        found = until(
            lambda: (
                (step := step_of(place, name))["reason"].startswith(("was suspended by", "its parallelism is 0"))
                and step
            ),
            "what was done to be named",
        )
        command = re.search(r"--patch '(.*)'", found["remedy"])
        assert command, found
        patch(place, name, json.loads(command[1]))
        until(lambda: step_of(place, name)["state"] == "running", "pretrain to run again", cluster=place.cluster)
        place.succeed("cancel", name)


def test_without_a_tracker_submit_and_status_say_so(place: Place) -> None:
    said = place.succeed(*COMMAND, write_recipe(place)).out
    assert "no tracker runs in namespace" in said
    signatures = by_kind(place, "signatures")
    assert "no tracker works in the cluster" in step_of(place, signatures)["reason"]
    with place.running("tracker"):
        until(lambda: "no tracker" not in step_of(place, signatures)["reason"], "the tracker to be seen")
