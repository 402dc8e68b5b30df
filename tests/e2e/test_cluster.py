"""The real ``covid-ctl`` against an API server: submit, wait, detach, track, cancel."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from controller.ledger.events import Event, EventType, Ledger
from jobs.artifact import Artifact
from jobs.store import Store
from tests.controller.steps import steps
from tests.e2e.cluster import ClusterOfTests, cluster_of_tests
from tests.e2e.command import answer, outputs
from tests.e2e.corpora import write_corpus
from tests.e2e.finished import Run
from tests.e2e.processes import wait_for

DATA_SIDE = ["ingest", "signatures", "vocabulary", "preprocess"]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ClusterOfTests]:
    with cluster_of_tests(tmp_path) as running:
        yield running


def finish(running: subprocess.Popen[str], seconds: float = 120) -> str:
    """What it said to both of its outputs."""
    out, err = running.communicate(timeout=seconds)
    return out + err


def lines(text: str) -> dict[str, str]:
    """By the kind of step that they begin with."""
    return {line.split("-")[0]: line for line in text.splitlines()}


def test_the_data_side_runs_to_its_end_as_on_this_machine(cluster: ClusterOfTests, run: Run) -> None:
    corpus = cluster.bucket / "corpus"
    shutil.copytree(run.corpus, corpus)
    command = ("submit", "preprocess", "--corpus", str(corpus))
    with cluster.kubelet():
        done = cluster.covid_ctl(*command, "--wait")
    assert done.code == 0, done.err
    name = Path(done.out.splitlines()[-1]).name
    assert name == run.preprocess
    assert outputs(cluster.bucket, name) == outputs(run.bucket, name)
    assert "shard.committed" in (cluster.bucket / name / "logs" / "00001-0.log").read_text()
    for follow in ((), ("--follow",)):
        said = cluster.answer(
            "logs", name, "--since", "1d", "--grep", r"shard\.committed", *follow, "--output", "json"
        ).out
        found = [json.loads(line) for line in said.splitlines()]
        assert sorted((line["source"], line["index"]) for line in found) == [("pod", 0), ("pod", 1)]
    states = answer("status", "--output", "json", bucket=cluster.bucket).json()
    assert [(state["kind"], state["state"]) for state in states] == [(kind, "complete") for kind in DATA_SIDE]
    cluster.server.advance(8 * 24 * 3600)  # the TTL removes the Jobs
    assert cluster.jobs() == {}
    again = cluster.answer(*command)
    assert again.code == 0
    told, *steps = again.out.splitlines()
    assert told == f"corpus: {corpus}"
    assert all("already complete" in line for line in steps)
    assert cluster.jobs() == {}


def test_submitting_says_what_it_did_and_sends_what_render_prints(cluster: ClusterOfTests) -> None:
    command = ("preprocess", "--corpus", str(write_corpus(cluster.bucket / "corpus")))
    rendered = cluster.answer("render", *command)
    first = cluster.covid_ctl("submit", *command)
    assert (first.code, first.err) == (0, "")
    said = lines(first.out)
    assert said["ingest"].endswith("  created")
    assert "created, waits for ingest-" in said["signatures"]
    assert "no tracker runs in namespace" in first.out
    jobs = cluster.jobs()
    assert list(jobs) == sorted(DATA_SIDE)
    for job in yaml.safe_load_all(rendered.out):
        sent = jobs[job["metadata"]["labels"]["covid-ctl/kind"]]
        assert sent["spec"].items() >= job["spec"].items()
        assert sent["metadata"].items() >= job["metadata"].items()
    again = cluster.answer("submit", *command, "--output", "json")
    assert {found["outcome"] for found in json.loads(again.out)} == {"is there already"}
    assert {name: job["metadata"]["resourceVersion"] for name, job in cluster.jobs().items()} == {
        name: job["metadata"]["resourceVersion"] for name, job in jobs.items()
    }


def test_later_steps_wait_for_what_is_under_way(cluster: ClusterOfTests) -> None:
    corpus = write_corpus(cluster.bucket / "corpus")
    assert cluster.answer("submit", "preprocess", "--corpus", str(corpus)).code == 0
    pretrain = cluster.answer("submit", "pretrain", "tiny")
    assert "which is under way" in pretrain.out, pretrain.err
    assert "created, waits for preprocess-" in pretrain.out
    everything = cluster.answer("submit", "all", "tiny", "--corpus", str(corpus))
    said = lines(everything.out)
    assert all("is there already" in said[kind] for kind in [*DATA_SIDE, "pretrain"])
    assert "created, waits for pretrain-tiny-" in said["export"]
    assert cluster.answer("render", "all", "tiny", "--corpus", str(corpus)).out.count("kind: Job\n") == 11


def test_a_step_that_fails_ends_the_wait_and_is_created_again(cluster: ClusterOfTests) -> None:
    command = ("submit", "preprocess", "--corpus", str(write_corpus(cluster.bucket / "corpus")))
    with cluster.kubelet({"ingest": 43}):
        done = cluster.covid_ctl(*command, "--wait")
    assert done.code == 1
    assert "exited with 43: said nothing" in done.err
    assert "will wait until it is complete" in done.err
    again = cluster.answer(*command)
    assert again.code == 0
    assert "created again: it had failed: " in lines(again.out)["ingest"]


def test_waiting_has_an_end_and_ctrl_c_detaches(cluster: ClusterOfTests) -> None:
    command = ("submit", "preprocess", "--corpus", str(write_corpus(cluster.bucket / "corpus")), "--wait")
    late = cluster.covid_ctl(*command, "--timeout", "0")
    assert (late.code, "not complete after 0 s; it goes on" in late.err) == (4, True)
    cluster.server.requests.clear()
    running = cluster.start(*command)
    wait_for(lambda: any("watch=true" in request for request in cluster.server.requests))
    running.send_signal(signal.SIGINT)
    said = finish(running)
    assert running.returncode == 130, said
    assert "stopped waiting; the Jobs go on" in said
    assert set(cluster.jobs()) == set(DATA_SIDE)


REFUSALS = {
    "a corpus that pods do not see": (["--corpus", "own.jsonl"], "gcloud storage cp"),
    "a namespace that is not there": (["--namespace", "absent"], "kubectl create namespace absent"),
    "a context that is not there": (["--context", "tset"], "nearest: test"),
    "no permission": ([], 'cannot create resource "jobs"'),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refusals_come_before_anything_is_written(case: str, cluster: ClusterOfTests) -> None:
    options, message = REFUSALS[case]
    (cluster.folder / "own.jsonl").write_text('{"text": "It is."}\n')
    if case == "no permission":
        cluster.server.denied.add(("create", "jobs"))
    done = cluster.answer("submit", "preprocess", *options)
    assert (done.code, done.out) == (3, "")
    assert message in done.err
    assert cluster.jobs() == {}
    assert cluster.written() == []


def test_the_tracker_releases_logs_json_and_leaves_promptly(cluster: ClusterOfTests) -> None:
    corpus = write_corpus(cluster.bucket / "corpus")
    assert cluster.answer("submit", "preprocess", "--corpus", str(corpus)).code == 0
    running = cluster.start("tracker")
    with cluster.kubelet():
        wait_for(lambda: not cluster.jobs()["vocabulary"]["spec"]["suspend"])
    lease = cluster.server.store.get("leases", "default", "covid-ctl-tracker")
    assert lease["spec"]["holderIdentity"]
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=120)
    assert running.returncode == 0, err
    events = [json.loads(line) for line in err.splitlines()]
    assert [events[0]["event"], events[-1]["event"]] == ["tracker.started", "tracker.stopped"]
    assert {"step.released", "step.succeeded"} <= {event["event"] for event in events}
    lease = cluster.server.store.get("leases", "default", "covid-ctl-tracker")
    assert not lease["spec"]["holderIdentity"]


def test_one_look_is_enough_for_what_is_due(cluster: ClusterOfTests) -> None:
    corpus = write_corpus(cluster.bucket / "corpus")
    assert cluster.answer("submit", "preprocess", "--corpus", str(corpus)).code == 0
    (ingest,) = cluster.bucket.glob("ingest-*")
    shutil.copy(ingest / "spec.json", ingest / "manifest.json")
    again = cluster.answer("submit", "preprocess", "--corpus", str(corpus)).out
    assert lines(again)["signatures"].endswith("is there already, ready and still suspended")
    assert "no tracker runs in namespace" in again
    done = cluster.covid_ctl("tracker", "--once")
    assert done.code == 0, done.err
    assert not cluster.jobs()["signatures"]["spec"]["suspend"]
    assert "waits for its inputs" in (sorted(cluster.bucket.glob("ledger/preprocess-*/*"))[-1]).read_text()


def test_a_tracker_needs_a_cluster(tmp_path: Path) -> None:
    done = answer("tracker", bucket=tmp_path)
    assert (done.code, "submit tracks what runs on this machine" in done.err) == (3, True)


def test_cancelling_ends_a_job_and_names_those_behind_it(cluster: ClusterOfTests) -> None:
    corpus = write_corpus(cluster.bucket / "corpus")
    assert cluster.answer("submit", "preprocess", "--corpus", str(corpus)).code == 0
    name = cluster.jobs()["ingest"]["metadata"]["name"]
    done = cluster.answer("cancel", name)
    assert done.code == 0, done.err
    said = lines(done.out)
    assert said["ingest"] == f"{name}  cancelled"
    assert all(said[kind].endswith(f"  waits, suspended, for {name}") for kind in DATA_SIDE[1:])
    assert done.out.splitlines()[-1].startswith("  next: covid-ctl cancel ")
    assert "ingest" not in cluster.jobs()
    assert cluster.server.store.all("pods", "default") == []


def test_several_are_cancelled_and_a_wrong_name_keeps_none_of_them_running(cluster: ClusterOfTests) -> None:
    corpus = write_corpus(cluster.bucket / "corpus")
    assert cluster.answer("submit", "preprocess", "--corpus", str(corpus)).code == 0
    names = {kind: job["metadata"]["name"] for kind, job in cluster.jobs().items()}
    done = cluster.answer("cancel", names["ingest"], "ingest-00000000", names["vocabulary"], names["signatures"])
    assert (done.code, "ingest-00000000: " in done.err) == (2, True), done
    said = lines(done.out)
    assert [said[kind].split("  ")[1] for kind in ("ingest", "vocabulary", "signatures")] == ["cancelled"] * 3
    assert said["preprocess"].endswith(f"waits, suspended, for {names['signatures']}")
    assert said["  next: covid"].endswith(f"cancel {names['preprocess']}")
    assert list(cluster.jobs()) == ["preprocess"]


def test_following_the_logs_of_what_does_not_run_says_why(cluster: ClusterOfTests) -> None:
    corpus = write_corpus(cluster.bucket / "corpus")
    assert cluster.answer("submit", "preprocess", "--corpus", str(corpus)).code == 0
    names = {kind: job["metadata"]["name"] for kind, job in cluster.jobs().items()}
    observer = cluster.start("logs", "-f", names["signatures"])
    assert observer.stderr
    said = f"{names['signatures']}  waiting  waits for its input {names['ingest']}, and no tracker works"
    assert observer.stderr.readline().startswith(said)
    cluster.answer("cancel", names["signatures"])
    assert "no logs of signatures-" in finish(observer)


def test_processes_of_another_covid_ctl_are_not_cancelled_from_here(tmp_path: Path) -> None:
    step, store = steps()[0], Store(str(tmp_path))
    Artifact(store, step.spec).submit()
    Ledger(store).append(step.name, Event(EventType.STARTED, time.time()))
    refused = answer("cancel", step.name, bucket=tmp_path)
    assert (refused.code, "press Ctrl-C there" in refused.err) == (3, True), refused
    Ledger(store).append(step.name, Event(EventType.CANCELLED, time.time()))
    done = answer("cancel", step.name, bucket=tmp_path)
    assert done.out == f"{step.name}  not running: cancelled\n"
