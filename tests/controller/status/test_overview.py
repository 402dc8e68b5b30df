"""Status by cluster and bucket together, over HTTP; and by the bucket alone where the cluster does not answer."""

import json
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.bucket.cached_store import CachedStore
from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api import MERGE_PATCH
from controller.kube.leader_election import LeaderElection
from controller.ledger.events import Event, EventType, Ledger, Observed, note_observed
from controller.planning.manifest import render
from controller.planning.plan import Step
from controller.profiles.profile import Images, Profile
from controller.status.derive import State
from controller.status.overview import look, upstream
from controller.status.step_status import StepState
from jobs.artifact import Artifact
from jobs.progress import Heartbeat
from tests.api_server.server import ApiServer, Fault
from tests.api_server.store import Object
from tests.controller.steps import planned
from tests.standin_kubelet import DISRUPTED, RUNS, StandinKubelet

STEPS = planned(shards=3)
INGEST, SIGNATURES, VOCABULARY, PREPROCESS = STEPS
NOW = 1_800_000_000.0


@pytest.fixture
def profile(tmp_path: Path, server: ApiServer) -> Profile:
    assert server.url
    images = Images(worker="worker:1", trainer="trainer:1", exporter="exporter:1")
    return Profile(name="test", bucket=str(tmp_path / "bucket"), images=images, namespace="default", bucket_volume="b")


@pytest.fixture
def store(profile: Profile) -> CachedStore:
    store = CachedStore(profile.bucket)
    for step in STEPS:
        Artifact(store, step.spec).submit()
        Ledger(store).append(step.name, Event(EventType.SUBMITTED, NOW - 3600, step.command))
    return store


@pytest.fixture
def submit(profile: Profile, cluster: KubernetesCluster) -> Callable[..., None]:
    def submit(*steps: Step, suspend: bool = False) -> None:
        for step in steps:
            cluster.create(render(step, profile, suspend=suspend))

    return submit


def complete(store: CachedStore, step: Step) -> None:
    artifact = Artifact(store, step.spec)
    for shard in range(step.spec.shards):
        artifact.commit(shard, [])
    assert artifact.finish()


def by_name(found: list[StepState]) -> dict[str, StepState]:
    return {state.name: state for state in found}


def test_every_step_with_its_reason(
    cluster: KubernetesCluster, profile: Profile, store: CachedStore, submit: Callable[..., None]
) -> None:
    complete(store, INGEST)
    submit(SIGNATURES)
    submit(PREPROCESS, suspend=True)
    StandinKubelet(cluster, SIGNATURES.name, {0: [RUNS], 1: [DISRUPTED], 2: [RUNS]}).step()
    assert LeaderElection(cluster.api, "the-tracker").acquire_or_renew()
    found = by_name(list(look(profile, store, None, now=NOW).steps))
    assert {name: state.state for name, state in found.items()} == {
        INGEST.name: State.COMPLETE,
        SIGNATURES.name: State.RUNNING,
        VOCABULARY.name: State.INTERRUPTED,
        PREPROCESS.name: State.WAITING,
    }
    at_work = found[SIGNATURES.name]
    assert (at_work.active, at_work.preempted, at_work.retries, at_work.progress.shards_done) == (2, 1, 0, 0)
    assert "back-off: index 1" in at_work.reason
    assert found[PREPROCESS.name].reason == f"waits for its inputs {SIGNATURES.name}, {VOCABULARY.name}"
    assert found[VOCABULARY.name].reason.startswith("its Job is gone")


def test_what_is_asked_of_the_cluster_does_not_grow_with_what_is_complete(
    server: ApiServer, profile: Profile, store: CachedStore, submit: Callable[..., None]
) -> None:
    for step in STEPS[:3]:
        complete(store, step)
    submit(*STEPS[:3], suspend=True)
    submit(PREPROCESS)
    server.requests.clear()
    look(profile, store, None, now=NOW)
    assert len(server.requests) == 4  # Jobs, events, the tracker's Lease, the pods of the one that is at work


def test_a_missing_tracker_is_said_where_a_job_waits_for_it(
    profile: Profile, store: CachedStore, submit: Callable[..., None]
) -> None:
    complete(store, INGEST)
    submit(SIGNATURES, PREPROCESS, suspend=True)
    found = by_name(list(look(profile, store, None, now=NOW).steps))
    assert found[SIGNATURES.name].reason == "is suspended, its inputs are complete, and no tracker works in the cluster"
    assert found[PREPROCESS.name].reason.endswith("and no tracker works in the cluster that would release it")
    assert all("kubectl apply -k" in found[step.name].remedy for step in (SIGNATURES, PREPROCESS))


def test_a_job_that_somebody_suspended_is_named_with_the_patch_that_resumes_it(
    server: ApiServer, cluster: KubernetesCluster, profile: Profile, store: CachedStore, submit: Callable[..., None]
) -> None:
    complete(store, INGEST)
    submit(SIGNATURES)
    Ledger(store).append(SIGNATURES.name, Event(EventType.STARTED, NOW - 60))
    job = server.store.get("jobs", "default", SIGNATURES.name)
    job["spec"]["suspend"] = True
    server.store.update("jobs", "default", job)
    (found,) = look(profile, store, SIGNATURES.name, now=NOW).steps
    assert (found.state, found.reason) == (State.WAITING, "was suspended by somebody after it was released")
    patch = re.search(r"--patch '(.*)'", found.remedy)
    assert patch
    cluster.api.patch(f"/apis/batch/v1/namespaces/default/jobs/{SIGNATURES.name}", json.loads(patch[1]), MERGE_PATCH)
    (found,) = look(profile, store, SIGNATURES.name, now=NOW).steps
    assert found.state is State.PENDING


def test_an_evicted_pod_is_not_running_however_young_its_heartbeat(
    cluster: KubernetesCluster, profile: Profile, store: CachedStore, submit: Callable[..., None]
) -> None:
    submit(INGEST)
    Heartbeat(store, INGEST.name, 0, unit="documents", clock=lambda: NOW - 1).beat(5, 10)
    StandinKubelet(cluster, INGEST.name, {0: [DISRUPTED]}).step()
    (state,) = look(profile, store, INGEST.name, now=NOW).steps
    assert (state.state, state.active, state.progress.rate, state.preempted) == (State.PENDING, 0, 0.0, 1)
    assert state.reason.startswith("back-off: index 0")


@pytest.mark.parametrize("fault", [Fault("GET", "/jobs", 503, times=9), Fault("GET", "/jobs", 0, times=9)])
def test_the_bucket_alone_while_the_cluster_does_not_answer(
    fault: Fault, server: ApiServer, profile: Profile, store: CachedStore, submit: Callable[..., None]
) -> None:
    complete(store, INGEST)
    submit(SIGNATURES)
    Ledger(store).append(
        SIGNATURES.name, note_observed(NOW - 600, Observed("running", active=2, retries=4, preempted=7))
    )
    Ledger(store).append(VOCABULARY.name, Event(EventType.FAILED, NOW - 600, "no words"))
    Heartbeat(store, PREPROCESS.name, 1, unit="documents", clock=lambda: NOW - 5).beat(5, 10)
    server.faults.append(fault)
    overview = look(profile, store, None, now=NOW)
    assert overview.unreachable
    found = by_name(list(overview.steps))
    assert {name: (state.state, state.reason) for name, state in found.items()} == {
        INGEST.name: (State.COMPLETE, ""),
        SIGNATURES.name: (State.UNKNOWN, "running (10 min ago)"),
        VOCABULARY.name: (State.FAILED, "no words"),
        PREPROCESS.name: (State.RUNNING, ""),
    }
    assert (found[SIGNATURES.name].retries, found[SIGNATURES.name].preempted) == (4, 7)


def test_no_kubeconfig_is_a_cluster_that_cannot_be_asked(
    profile: Profile, store: CachedStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", "/nowhere")
    overview = look(profile, store, INGEST.name, now=NOW)
    assert "no kubeconfig" in overview.unreachable
    assert overview.steps[0].state is State.UNKNOWN


def test_forbidden_is_said_and_the_bucket_still_shown(server: ApiServer, profile: Profile, store: CachedStore) -> None:
    server.denied.add(("list", "jobs"))
    overview = look(profile, store, None, now=NOW)
    assert 'cannot list resource "jobs"' in overview.unreachable
    assert len(overview.steps) == 4


@pytest.mark.parametrize("change", [{"labels": {}}, {"annotations": {"covid-ctl/bucket": "gs://other"}}])
def test_a_job_of_the_same_name_for_another_bucket_says_nothing(
    change: Object, server: ApiServer, profile: Profile, store: CachedStore, submit: Callable[..., None]
) -> None:
    submit(INGEST)
    job = server.store.get("jobs", "default", INGEST.name)
    job["metadata"] |= change
    server.store.update("jobs", "default", job)
    for name in (INGEST.name, None):
        found = by_name(list(look(profile, store, name, now=NOW).steps))
        assert found[INGEST.name].state is State.INTERRUPTED


def test_one_damaged_step_hides_no_other(profile: Profile, store: CachedStore, submit: Callable[..., None]) -> None:
    submit(INGEST, suspend=True)
    submit(VOCABULARY)
    store.put(f"{INGEST.name}/spec.json", b"{")
    store.put(f"ledger/{SIGNATURES.name}/00000.json", b"[]")
    found = by_name(list(look(profile, store, None, now=NOW).steps))
    states = {name: state.state for name, state in found.items()}
    assert states == {
        INGEST.name: State.DAMAGED,
        SIGNATURES.name: State.DAMAGED,
        VOCABULARY.name: State.PENDING,
        PREPROCESS.name: State.INTERRUPTED,
    }


def test_what_holds_a_step_up_is_looked_up_to_the_beginning(profile: Profile, store: CachedStore) -> None:
    (step,) = look(profile, store, PREPROCESS.name, now=NOW).steps
    assert upstream(profile, store, step, now=NOW).keys() == {INGEST.name, SIGNATURES.name, VOCABULARY.name}


def test_clocks_two_hours_apart_do_not_make_workers_silent(
    server: ApiServer, cluster: KubernetesCluster, profile: Profile, store: CachedStore, submit: Callable[..., None]
) -> None:
    """Workers write times by the cluster's clock, and the API server tells it."""
    submit(INGEST)
    StandinKubelet(cluster, INGEST.name, {0: [RUNS]}).step()
    here = time.time()
    server.ahead = 7230.0
    Heartbeat(store, INGEST.name, 0, unit="documents", clock=lambda: here + 7200 - 5).beat(5, 10)
    overview = look(profile, store, INGEST.name, now=here)
    (state,) = overview.steps
    assert (state.state, state.reason) == (State.RUNNING, "")
    assert overview.note == "this machine's clock is 2 h behind the cluster's: ages are by the cluster's clock"
    server.ahead = 0.0
    assert look(profile, store, INGEST.name, now=here).note == ""
