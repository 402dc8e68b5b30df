"""What is wrong with a cluster, a profile or a sign-in is told by ``submit`` before a Job exists, with what to do."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from controller.cli import main as cli
from controller.doctor import examination, machine
from controller.doctor.tpu_offer import tpu_offered
from controller.labels import MANAGER
from controller.planning.manifest import render
from controller.planning.plan import Source
from controller.profiles.profile import load_profile
from jobs.sample.sample import SAMPLE, sample_fingerprint
from tests.api_server.server import ApiServer, Fault
from tests.controller.registry import Registry, registry_of_tests
from tests.controller.steps import Given, planned
from tests.controller.tpu_api import TpuApi, serve_tpu_api
from tests.gcs_server import Fault as BucketFault
from tests.gcs_server import GcsServer

DIGEST = "sha256:" + "0" * 64
CONFIG = """
default_profile = "test"
[profiles.test]
namespace = "default"
bucket = "gs://tests/run"
[profiles.test.images]
worker = "{image}"
trainer = "{image}"
exporter = "{image}"
[profiles.test.trainer]
cpu = "4"
memory = "16Gi"
"""


class World:
    """A cluster, a bucket and a registry in which all is well, until a test spoils something."""

    def __init__(self, server: ApiServer, gcs: GcsServer, registry: Registry, folder: Path) -> None:
        self.server = server
        self.gcs = gcs
        self.registry = registry
        self.folder = folder
        self.config = folder / "covid-ctl.toml"
        server.store.create("serviceaccounts", "default", {"metadata": {"name": "covid-ctl-worker"}})
        self.config.write_text(CONFIG.format(image=registry.push("covid/all", DIGEST)))

    def set(self, line: str) -> None:
        """Changes the profile itself."""
        self.config.write_text(self.config.read_text().replace("[profiles.test]", f"[profiles.test]\n{line}", 1))

    def replace(self, old: str, new: str) -> None:
        assert old in self.config.read_text()
        self.config.write_text(self.config.read_text().replace(old, new))

    def add(self, resource: str, **found: object) -> None:
        self.server.store.create(resource, "default", {"metadata": {"name": "x"}, **found})

    def foreign_job(self) -> None:
        profile = load_profile(None, environment={}, config=self.config)
        sample = Given(corpus=Source(SAMPLE, sample_fingerprint()))
        job = render(planned(given=sample)[0], profile)
        job["metadata"]["labels"]["app.kubernetes.io/managed-by"] = f"not-{MANAGER}"
        self.server.store.create("jobs", "default", {**job, "status": {}})


@pytest.fixture
def world(server: ApiServer, gcs: GcsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setenv("COVID_CTL_CONFIG", str(tmp_path / "covid-ctl.toml"))
    with registry_of_tests() as registry:
        yield World(server, gcs, registry, tmp_path)


def covid_ctl(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["covid-ctl", *arguments])
    try:
        cli.main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def kubeconfig(name: str) -> Callable[[World, pytest.MonkeyPatch], None]:
    def point_to_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        world.server.kubeconfig(world.folder / "expired", token="expired")
        monkeypatch.setenv("KUBECONFIG", str(world.folder / name))

    return point_to_it


QUOTA = {"status": {"hard": {"requests.memory": "1Gi"}, "used": {}}}
IN_USE = {"status": {"hard": {"requests.google.com/tpu": "4"}, "used": {"requests.google.com/tpu": "4"}}}
JOBS_QUOTA = 'jobs.batch "x" is forbidden: exceeded quota: covid-ctl, requested: count/jobs.batch=1'
LIMIT = {"spec": {"limits": [{"type": "Container", "max": {"memory": "1Gi"}}]}}
POLICY = 'pods "x" is forbidden: violates PodSecurity "restricted:latest"'

BAD: dict[str, tuple[Callable[[World, pytest.MonkeyPatch], object], int, str]] = {
    "no kubeconfig": (kubeconfig("none"), 3, "gcloud container clusters get-credentials"),
    "an expired token": (kubeconfig("expired"), 3, "sign in again"),
    "another context": (lambda w, _: w.set('context = "tset"'), 3, "nearest: test"),
    "no namespace": (lambda w, _: w.replace('"default"', '"absent"'), 3, "kubectl create namespace absent"),
    "no service account": (lambda w, _: w.set('service_account = "none"'), 3, "default create serviceaccount none"),
    "no Kueue": (lambda w, _: w.set('queue = "tpu"'), 3, "https://kueue.sigs.k8s.io"),
    "too small a quota": (lambda w, _: w.add("resourcequotas", **QUOTA), 3, "default describe resourcequota"),
    "no more Jobs": (
        lambda w, _: w.server.faults.append(Fault("PATCH", "dryRun", 403, JOBS_QUOTA)), 3, "exceeded quota: covid-ctl",
    ),
    "a limit range": (lambda w, _: w.add("limitranges", **LIMIT), 3, "default describe limitrange"),
    "no permission": (lambda w, _: w.server.denied.add(("create", "jobs")), 3, "covid-ctl-submitter"),
    "an admission policy": (
        lambda w, _: w.server.faults.append(Fault("PATCH", "dryRun", 403, POLICY)), 3, "violates PodSecurity",
    ),
    "a Job that is not ours": (lambda w, _: w.foreign_job(), 3, "use another namespace, or delete it"),
    "an image that nobody pushed": (lambda w, _: w.registry.manifests.clear(), 3, "name the digest that `docker push`"),
    "an image by tag": (lambda w, _: w.replace(f"@{DIGEST}", ":1"), 2, "has no digest"),
    "a misspelt bucket": (lambda w, _: w.replace("gs://tests", "gs://tset"), 3, "gcloud storage buckets create"),
    "another project's bucket": (lambda w, _: w.gcs.fail(BucketFault(403)), 3, "check who has access there"),
    "a clock that is off": (lambda w, _: setattr(w.server, "ahead", 600.0), 3, "have the clock of the API server set"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_it_is_refused_with_what_to_do_and_leaves_nothing(
    case: str, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    spoil, code, said = BAD[case]
    spoil(world, monkeypatch)
    there = world.server.store.all("jobs", "default")
    assert covid_ctl(monkeypatch, "submit", "preprocess") == code
    out, err = capsys.readouterr()
    assert said in err
    assert "\n  next: " in err
    assert out == ""
    assert world.server.store.all("jobs", "default") == there
    assert world.gcs.buckets["tests"] == {}


def test_a_machine_without_the_packages_of_the_steps_runs_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(machine, "PACKAGES", ("json", "no_such_package"))
    assert covid_ctl(monkeypatch, "submit", "preprocess", "--profile", "local", "--bucket", str(tmp_path / "b")) == 3
    out, err = capsys.readouterr()
    assert (out, "no_such_package cannot be imported" in err, "pip install" in err) == ("", True, True)
    assert not list((tmp_path / "b").rglob("*.json"))


def test_while_the_one_tpu_trains_steps_are_submitted(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.replace('memory = "16Gi"', 'memory = "16Gi"\ntpu = "v3-8"')
    world.add("resourcequotas", **IN_USE)
    for said in ("created", "is there already"):
        assert covid_ctl(monkeypatch, "submit", "all", "tiny") == 0, capsys.readouterr().err
        assert said in capsys.readouterr().out


@pytest.mark.parametrize("zone", ["us-central1-a", "us-west1-a"])
def test_a_zone_without_the_tpu_is_refused_where_training_is_submitted(
    zone: str, world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world.set(f'project = "papers"\nzone = "{zone}"')
    world.replace('memory = "16Gi"', 'memory = "16Gi"\ntpu = "v3-8"')
    with serve_tpu_api(TpuApi({"projects/papers/locations/us-central1-a/acceleratorTypes/v3-8"})) as transport:
        monkeypatch.setattr(examination, "tpu_offered", partial(tpu_offered, transport=transport))
        code = covid_ctl(monkeypatch, "submit", "all", "tiny")
    there = zone == "us-central1-a"
    err = capsys.readouterr().err
    assert code == (0 if there else 3), err
    assert ("v3-8 is not offered in us-west1-a" in err) is not there
    assert len(world.server.store.all("jobs", "default")) == (11 if there else 0)
    assert bool(world.gcs.buckets["tests"]) is there
