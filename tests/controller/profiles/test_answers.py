"""What ``init`` takes for an answer."""

import pytest

from controller.profiles.answers import why_wrong
from controller.profiles.new_profile import Answers

IMAGE = f"europe-docker.pkg.dev/papers/covid-ctl/worker@sha256:{'ab' * 32}"
GOOD = [
    *((field, "") for field in ("context", "controller_image", "tpu", "zone", "project", "queue")),
    ("name", "gke-2"),
    ("namespace", "covid-ctl"),
    ("bucket", "gs://papers"),
    ("bucket", "gs://my.papers_1/runs/a"),
    ("worker_image", IMAGE),
    ("controller_image", IMAGE),
    ("tpu", "v6e-8"),
    ("zone", "us-central1-a"),
    ("zone", "northamerica-northeast1-c"),
    ("project", "my-project"),
    ("project", "example.com:my-project"),
    ("context", "gke_my-project_us-central1-a_covid-ctl"),
]
WRONG = [
    *((field, "", "it is needed") for field in ("name", "namespace", "bucket", "trainer_image")),
    ("name", "local", "is built in"),
    ("name", "My GKE", "a letter first"),
    ("namespace", "Not_A_Label", "lower-case letters"),
    ("bucket", "s3://papers", "buckets of s3:// are not supported"),
    ("bucket", "papers", "a directory, which pods do not see"),
    ("bucket", "gs://Papers", "the bucket in lower case"),
    ("bucket", "gs:///runs", "gs://BUCKET/PREFIX"),
    ("exporter_image", "worker:latest", "it has no digest"),
    ("tpu", "v3-32", "v3-32"),
    ("zone", "us-central1", "is a region; a zone of it is us-central1-a"),
    ("zone", "Iowa", "a zone as us-central1-a"),
    ("project", "123456789012", "its ID is wanted"),
    ("project", "My Project", "a project's ID"),
]


@pytest.mark.parametrize(("field", "answer"), GOOD)
def test_answers_that_do(field: str, answer: str) -> None:
    assert field in Answers.__dataclass_fields__
    assert why_wrong(field, answer) == ""


@pytest.mark.parametrize(("field", "answer", "why"), WRONG)
def test_answers_that_do_not(field: str, answer: str, why: str) -> None:
    assert field in Answers.__dataclass_fields__
    assert why in why_wrong(field, answer)
