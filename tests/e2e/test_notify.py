"""``submit --notify``: the command that runs steps here calls the webhook, on a cluster its tracker does."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.cluster import ClusterOfTests, cluster_of_tests
from tests.e2e.command import answer, covid_ctl
from tests.e2e.corpora import write_corpus
from tests.e2e.processes import wait_for
from tests.webhook_server import webhook_server


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ClusterOfTests]:
    with cluster_of_tests(tmp_path) as cluster:
        yield cluster


def notes(bucket: Path) -> list[dict[str, str]]:
    events = [json.loads(path.read_text()) for path in sorted(bucket.glob("ledger/*/*.json"))]
    return [json.loads(event["detail"]) for event in events if event["type"] == "notified"]


@pytest.mark.parametrize(
    ("answers", "outcome"), [((503,), "delivered"), ((404,), "not delivered: it answered 404")], ids=["late", "never"]
)
def test_a_step_that_fails_here(answers: tuple[int, ...], outcome: str, tmp_path: Path) -> None:
    corpus = tmp_path / "own.jsonl"
    # Its beginning is looked at before anything runs: the step fails by the rest.
    good = [json.dumps({"id": str(number), "title": "On masks", "text": "Masks work."}) for number in range(20)]
    corpus.write_text("".join(f"{line}\n" for line in [*good, *["no JSON"] * 20]))
    with webhook_server(*answers) as receiver:
        command = ("submit", "preprocess", "tiny", "--corpus", str(corpus), "--notify", receiver.url)
        done = covid_ctl(*command, bucket=tmp_path / "bucket")
    assert done.code == 1, done.err
    assert [(body["kind"], body["state"]) for body in receiver.received] == [("ingest", "failed")] * len(
        receiver.received
    )
    assert len(receiver.received) == (2 if outcome == "delivered" else 1)
    assert receiver.received[0]["reason"] in done.err
    assert [note["outcome"] for note in notes(tmp_path / "bucket")] == [outcome]
    assert (f"webhook at {receiver.host}: {outcome}" in done.out) == (outcome != "delivered")
    assert "s3cret" not in done.out + done.err + json.dumps(notes(tmp_path / "bucket"))


def test_an_address_that_is_refused_runs_nothing(tmp_path: Path) -> None:
    done = answer("submit", "preprocess", "--notify", "http://hooks.example.org/x", bucket=tmp_path / "bucket")
    assert (done.code, done.out) == (2, "")
    assert "--notify: it is not encrypted: https, or http to this machine itself" in done.err
    assert not (tmp_path / "bucket").exists()


def test_the_tracker_calls_hosts_of_its_profile(cluster: ClusterOfTests) -> None:
    corpus = write_corpus(cluster.bucket / "corpus")
    with webhook_server(503) as receiver:
        command = ("submit", "preprocess", "--corpus", str(corpus), "--notify", receiver.url)
        refused = cluster.answer(*command)
        assert (refused.code, cluster.jobs()) == (2, {})
        assert f"{receiver.host} is not among notify_hosts of the profile" in refused.err
        config = cluster.folder / "covid-ctl.toml"
        config.write_text(config.read_text().replace("parallelism", f'notify_hosts = ["{receiver.host}"]\nparallelism'))
        submitted = cluster.answer(*command)
        assert submitted.code == 0, submitted.err
        assert "no tracker runs in namespace default: the webhook is called once one does" in submitted.out
        for job in cluster.jobs().values():
            assert receiver.host not in json.dumps(job)
        with cluster.kubelet({"ingest": 43}):
            wait_for(lambda: "Failed" in str(cluster.jobs()["ingest"]["status"].get("conditions")))
        tracked = cluster.covid_ctl("tracker", "--once")
    assert tracked.code == 0, tracked.err
    assert [body["state"] for body in receiver.received] == ["failed", "failed"]  # the first call failed
    assert [note["outcome"] for note in notes(cluster.bucket)] == ["delivered"]
    said = [json.loads(line) for line in tracked.err.splitlines()]
    assert "step.notified" in [event["event"] for event in said]
    assert "s3cret" not in tracked.err
