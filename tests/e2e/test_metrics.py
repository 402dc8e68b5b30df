"""The page for Prometheus of a tracker that works, read as Prometheus reads it."""

import json
import signal
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.e2e.cluster import ClusterOfTests, cluster_of_tests
from tests.e2e.corpora import write_corpus
from tests.e2e.processes import wait_for


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ClusterOfTests]:
    with cluster_of_tests(tmp_path) as cluster:
        yield cluster


def scrape(port: int) -> dict[tuple[str, ...], float]:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as answer:
        families = text_string_to_metric_families(answer.read().decode())
    return {(one.name, *one.labels.values()): one.value for family in families for one in family.samples}


def test_a_tracker_tells_states_progress_and_costs(cluster: ClusterOfTests) -> None:
    corpus = write_corpus(cluster.bucket / "corpus")
    config = cluster.folder / "covid-ctl.toml"
    config.write_text(config.read_text() + "dollars_per_hour = 2.0\n")
    assert cluster.answer("submit", "preprocess", "--corpus", str(corpus)).code == 0
    with cluster.kubelet({"ingest": 43}):
        wait_for(lambda: "Failed" in str(cluster.jobs()["ingest"]["status"].get("conditions")))
    running = cluster.start("tracker", "--metrics-port", "0")
    try:
        assert running.stderr
        events = (json.loads(line) for line in running.stderr)
        port = next(event["port"] for event in events if event["event"] == "metrics.served")
        wait_for(lambda: ("covid_ctl_steps", "ingest", "failed") in scrape(port))
        found = scrape(port)
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=300)
    assert running.returncode == 0
    assert (found["covid_ctl_tracker_leads",], found["covid_ctl_cluster_reachable",]) == (1, 1)
    assert found["covid_ctl_look_failures_total",] == 0
    assert found["covid_ctl_steps", "ingest", "failed"] == 1
    waiting = [key for key, value in found.items() if key[0] == "covid_ctl_steps" and key[2] == "waiting" and value]
    assert sorted(key[1] for key in waiting) == ["preprocess", "signatures", "vocabulary"]
    assert {key[1]: value for key, value in found.items() if key[0] == "covid_ctl_step_shards"} == {
        "preprocess": 2, "signatures": 2, "vocabulary": 1,
    }  # fmt: skip
    assert ("covid_ctl_dollars", "ingest") in found


def test_a_port_that_is_taken_is_named(cluster: ClusterOfTests) -> None:
    port = cluster.server.url.rpartition(":")[2]
    done = cluster.covid_ctl("tracker", "--once", "--metrics-port", str(port))
    assert (done.code, f"port {port}: Address already in use" in done.err) == (3, True), done.err
