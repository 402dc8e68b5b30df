"""The main job through pods: corpus in, loadable model and index out; again, and after its Jobs are gone."""

import json

import pytest

from controller.kube.api import MERGE_PATCH
from jobs.artifact import Artifact
from jobs.spec import Kind
from tests.cluster.image import Image
from tests.cluster.place import Place, write_recipe
from tests.cluster.waiting import SECONDS, until

pytestmark = pytest.mark.cluster

STEPS = [
    *("ingest", "signatures", "vocabulary", "preprocess", "pretrain", "export"),
    *("tune", "control", "evaluate", "embed", "index"),
]


def generations(place: Place) -> dict[str, tuple[str, int]]:
    return {name: (job["metadata"]["uid"], job["metadata"]["generation"]) for name, job in place.jobs().items()}


def test_from_the_corpus_to_the_index_and_after(place: Place, image: Image) -> None:
    if lacking := image.lacks("searching"):
        pytest.skip(f"image {image.name} makes nothing searchable: it lacks {', '.join(lacking)}")
    submit = ("submit", "all", write_recipe(place, embedder={"epochs": 1}), "--corpus", "sample", "--wait")
    # One after another, six of them import tensorflow and three trace a graph; the training itself takes seconds.
    first = place.succeed(*submit, seconds=3 * SECONDS)
    states = place.states()
    assert [name.split("-")[0] for name in states] == STEPS
    assert set(states.values()) == {"complete"}, first.out
    until(lambda: jobs_complete(place), "the Jobs to be complete: their last pods end after the artifact does")
    assert place.jobs().keys() == states.keys()
    check_the_model(place, next(name for name in states if name.startswith("export-")))
    found = place.succeed("search", "vaccine", "--output", "json").json()
    assert all(answer["hits"] for answer in found["answers"]), found
    before = generations(place)
    again = place.succeed(*submit)
    assert again.out.count("already complete") == len(STEPS), again.out
    assert generations(place) == before
    remove_by_ttl(place)
    assert place.states() == states
    assert place.succeed(*submit).out.count("already complete") == len(STEPS)
    assert place.jobs() == {}


def jobs_complete(place: Place) -> bool:
    return all(
        any((found["type"], found["status"]) == ("Complete", "True") for found in job["status"].get("conditions", ()))
        and job["status"]["succeeded"] == job["spec"]["completions"]
        for job in place.jobs().values()
    )


def check_the_model(place: Place, export: str) -> None:
    files = {output.path for output in Artifact.open(place.store(), export).require().outputs}
    assert {"model/config.json", "model/model.safetensors", "model/vocab.txt", "model/README.md"} <= files
    config = json.loads(place.store().get(f"{export}/model/config.json"))
    assert config["hidden_act"] == "gelu_pytorch_tanh"


def remove_by_ttl(place: Place) -> None:
    """As a week does."""
    for name in place.jobs():
        path = f"/apis/batch/v1/namespaces/{place.cluster.namespace}/jobs/{name}"
        place.cluster.api.patch(path, {"spec": {"ttlSecondsAfterFinished": 1}}, MERGE_PATCH)
    until(lambda: not place.jobs(), "the TTL controller to remove the finished Jobs")


def test_submitting_twice_before_the_end_changes_nothing(place: Place) -> None:
    place.succeed("submit", "preprocess")
    jobs = place.jobs()
    waiting = {name for name, job in jobs.items() if job["spec"]["suspend"]}
    assert {name.split("-")[0] for name in jobs.keys() - waiting} == {str(Kind.INGEST)}
    before = generations(place)
    told = place.succeed("submit", "preprocess").out
    assert generations(place) == before
    assert "is there already" in told or "already complete" in told
    place.succeed("submit", "preprocess", "--wait")
    assert set(place.states().values()) == {"complete"}
    assert {uid for uid, _ in generations(place).values()} == {uid for uid, _ in before.values()}
