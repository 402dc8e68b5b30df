"""``covid-ctl`` itself on a real API server, with no more rights than k8s/base gives: whole steps, killed trackers.

The pods ask for a node that no cluster has: processes of this machine stand in for their containers.
"""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.clusters.kubernetes import KubernetesCluster
from tests.cluster.bucket import claim_on
from tests.cluster.kubeconfig import kubeconfig_of
from tests.cluster.waiting import SECONDS, until
from tests.e2e.cluster import PROFILE
from tests.e2e.command import COVID_CTL, Done, covid_ctl, environment, outputs
from tests.e2e.corpora import write_corpus
from tests.process_kubelet import ProcessKubelet
from tests.signals import as_from_a_terminal

pytestmark = pytest.mark.cluster

K8S = Path(__file__).parents[2] / "k8s" / "base"
RBAC = "/apis/rbac.authorization.k8s.io/v1"


@dataclass(frozen=True)
class Place:
    cluster: KubernetesCluster
    folder: Path

    @property
    def bucket(self) -> Path:
        return self.folder / "bucket"

    def start(self, *arguments: str, who: str = "submitter") -> subprocess.Popen[str]:
        places = {
            "KUBECONFIG": str(self.folder / f"{who}.kubeconfig"),
            "COVID_CTL_CONFIG": str(self.folder / "covid-ctl.toml"),
            "COVID_CTL_NAMESPACE": self.cluster.namespace,
            "COVID_CTL_SERVICE_ACCOUNT": "default",
        }
        return subprocess.Popen(
            [str(COVID_CTL), *arguments],
            env=environment(None) | places,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=as_from_a_terminal,
        )

    def covid_ctl(self, *arguments: str) -> Done:
        running = self.start(*arguments)
        out, err = running.communicate(timeout=2 * SECONDS)
        return Done(running.returncode, out, err)

    def kubelet(self) -> AbstractContextManager[object]:
        return ProcessKubelet(self.cluster)

    def suspended(self) -> set[str]:
        return {job.name for job in self.cluster.jobs() if job.suspended}


@pytest.fixture
def place(real_cluster: KubernetesCluster, tmp_path: Path) -> Iterator[Place]:
    (tmp_path / "bucket").mkdir()
    (tmp_path / "covid-ctl.toml").write_text(PROFILE.format(bucket=tmp_path / "bucket"))
    for who, file in (("submitter", "submitter-role.yaml"), ("tracker", "tracker-role.yaml")):
        _grant(real_cluster, who, file)
        (tmp_path / f"{who}.kubeconfig").write_text(json.dumps(kubeconfig_of(real_cluster, who)))
    with claim_on(real_cluster, tmp_path / "bucket"):
        yield Place(real_cluster, tmp_path)


def _grant(cluster: KubernetesCluster, who: str, file: str) -> None:
    """A service account with the Role of ``file`` and nothing else."""
    namespace = cluster.namespace
    account = {"kind": "ServiceAccount", "apiVersion": "v1", "metadata": {"name": who}}
    cluster.api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", account)
    (role,) = [found for found in yaml.safe_load_all((K8S / file).read_text()) if found["kind"] == "Role"]
    cluster.api.post(f"{RBAC}/namespaces/{namespace}/roles", role)
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": role["metadata"]["name"]}
    subject = {"kind": "ServiceAccount", "name": who, "namespace": namespace}
    binding: dict[str, Any] = {"metadata": {"name": who}, "roleRef": reference, "subjects": [subject]}
    kind = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"}
    cluster.api.post(f"{RBAC}/namespaces/{namespace}/rolebindings", {**kind, **binding})


def undisturbed(corpus: Path, folder: Path) -> dict[str, bytes]:
    here = covid_ctl("submit", "preprocess", "--corpus", str(corpus), bucket=folder)
    assert here.code == 0, here.err
    return outputs(folder, Path(here.out.splitlines()[-1]).name)


def test_the_data_side_runs_to_its_end_as_on_this_machine(place: Place, tmp_path: Path) -> None:
    corpus = write_corpus(place.bucket / "corpus")
    with place.kubelet():
        done = place.covid_ctl("submit", "preprocess", "--corpus", str(corpus), "--wait", "--timeout", str(SECONDS))
    assert done.code == 0, done.err
    name = Path(done.out.splitlines()[-1]).name
    assert outputs(place.bucket, name) == undisturbed(corpus, tmp_path / "here")
    again = place.covid_ctl("submit", "preprocess", "--corpus", str(corpus))
    assert again.out.count("already complete") == 4, again.out


def released_or_ended(place: Place, left: int, running: subprocess.Popen[str]) -> bool:
    return len(place.suspended()) < left or running.poll() is not None


def kill_steadily(place: Place) -> None:
    """A tracker that is killed, without a chance to say goodbye, after every release."""
    left = len(place.suspended())
    while left:
        running = place.start("tracker", who="tracker")
        until(
            partial(released_or_ended, place, left, running),
            "the tracker to release a step",
            cluster=place.cluster,
            every=0.01,
        )
        assert running.poll() is None, running.communicate(timeout=SECONDS)
        running.send_signal(signal.SIGKILL)
        running.communicate(timeout=SECONDS)
        left = len(place.suspended())


def test_trackers_that_are_killed_again_and_again_bring_it_to_its_end(place: Place, tmp_path: Path) -> None:
    corpus = write_corpus(place.bucket / "corpus")
    submitted = place.covid_ctl("submit", "preprocess", "--corpus", str(corpus), "--output", "json")
    assert submitted.code == 0, submitted.err
    name = submitted.json()[-1]["name"]
    with place.kubelet():
        kill_steadily(place)
        done = place.bucket / name / "manifest.json"
        until(done.exists, "the last step to complete", cluster=place.cluster)
    last = place.start("tracker", "--once", who="tracker")
    _, err = last.communicate(timeout=SECONDS)
    assert last.returncode == 0, err
    assert outputs(place.bucket, name) == undisturbed(corpus, tmp_path / "here")
    states = place.covid_ctl("status", "--output", "json").json()
    assert {state["state"] for state in states} == {"complete"}


def test_two_trackers_take_turns(place: Place) -> None:
    corpus = write_corpus(place.bucket / "corpus")
    assert place.covid_ctl("submit", "preprocess", "--corpus", str(corpus)).code == 0
    both = [place.start("tracker", who="tracker") for _ in range(2)]
    with place.kubelet():
        until(lambda: not place.suspended(), "all steps to be released", cluster=place.cluster)
    for running in both:
        running.send_signal(signal.SIGTERM)
    said = [running.communicate(timeout=SECONDS)[1] for running in both]
    assert [running.returncode for running in both] == [0, 0], said
    assert any('"tracker.leads"' in one for one in said)
    for folder in (place.bucket / "ledger").iterdir():
        types = [yaml.safe_load(event.read_text())["type"] for event in sorted(folder.iterdir())]
        assert types.count("released") == (not folder.name.startswith("ingest"))


def test_cancelling_leaves_no_pod(place: Place) -> None:
    corpus = write_corpus(place.bucket / "corpus")
    assert place.covid_ctl("submit", "preprocess", "--corpus", str(corpus)).code == 0
    (name,) = [job.name for job in place.cluster.jobs() if not job.suspended]
    until(lambda: place.cluster.pods(name), "a pod")
    done = place.covid_ctl("cancel", name)
    assert done.code == 0, done.err
    assert (place.cluster.job(name), place.cluster.pods(name)) == (None, [])
    state = place.covid_ctl("status", name, "--output", "json").json()[0]
    assert state["state"] == "cancelled"


def test_why_a_pod_is_pending_is_noted(place: Place) -> None:
    corpus = write_corpus(place.bucket / "corpus")
    assert place.covid_ctl("submit", "preprocess", "--corpus", str(corpus)).code == 0
    (name,) = [job.name for job in place.cluster.jobs() if not job.suspended]
    running = place.start("tracker", who="tracker")
    ledger = place.bucket / "ledger" / name
    until(lambda: any("Unschedulable: " in event.read_text() for event in ledger.iterdir()), "the scheduler's words")
    running.send_signal(signal.SIGTERM)
    _, err = running.communicate(timeout=SECONDS)
    assert running.returncode == 0, err
