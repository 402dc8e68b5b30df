"""The doctor's questions to a cluster, each answered by itself."""

from typing import Any

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from controller.doctor.check import Check, CheckState
from controller.doctor.examination import all_checks, cheap_checks, cluster_or_error, refusal
from controller.kube.leader_election import LEASE_NAME, LeaderElection
from controller.profiles.pool import Pool
from controller.profiles.profile import Images, Profile
from jobs.recipe import load_recipe
from jobs.spec import Kind
from tests.api_server.server import ApiServer, Fault
from tests.controller.registry import registry_of_tests

PROFILE = Profile(
    name="gke",
    bucket="/bucket",
    bucket_volume="bucket",
    namespace="default",
    images=Images(worker="w", trainer="t", exporter="e", tags_allowed=True),
    trainer=Pool(cpu="90", memory="300Gi", tpu="v3-8"),
)
TPU_LABELS = {"cloud.google.com/gke-tpu-accelerator": "tpu-v3-device", "cloud.google.com/gke-tpu-topology": "2x2"}
BIG = {"cpu": "8", "memory": "32Gi"}


@pytest.fixture(autouse=True)
def good_cluster(server: ApiServer, cluster: KubernetesCluster) -> None:
    add(server, "serviceaccounts", "default", {"metadata": {"name": PROFILE.service_account}})
    add(server, "persistentvolumeclaims", "default", claim("Bound"))
    assert LeaderElection(cluster.api, "the-tracker").acquire_or_renew()
    server.requests.clear()


def claim(phase: str, **spec: str) -> dict[str, Any]:
    return {"metadata": {"name": PROFILE.bucket_volume}, "spec": spec, "status": {"phase": phase}}


def add(server: ApiServer, resource: str, namespace: str, found: dict[str, Any]) -> None:
    server.store.create(resource, namespace, found)


def checks(cluster: KubernetesCluster, profile: Profile = PROFILE) -> dict[str, Check]:
    return {c.name: c for c in all_checks(profile, load_recipe("tiny"), cluster)}


def test_a_good_cluster_fails_in_nothing_and_is_not_written_to(server: ApiServer, cluster: KubernetesCluster) -> None:
    found = checks(cluster)
    assert {name: check.state for name, check in found.items() if check.state is not CheckState.OK} == {
        "Workload Identity": CheckState.SKIPPED,  # no bucket of Google's
        "region": CheckState.SKIPPED,
        "queue": CheckState.SKIPPED,  # none is named
        "nodes": CheckState.SKIPPED,  # none is up
        "TPU": CheckState.SKIPPED,  # no project
    }
    assert all("selfsubjectaccessreviews" in request for request in server.requests if not request.startswith("GET"))


def test_an_old_cluster_fails(server: ApiServer, cluster: KubernetesCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    assert server.url
    monkeypatch.setattr(KubernetesCluster, "version", lambda _: (1, 30))
    assert checks(cluster)["cluster"] == Check(
        "cluster", CheckState.FAILED, "it runs Kubernetes 1.30; Jobs are told by 1.31 what a failure is", "upgrade it"
    )


def test_a_cluster_that_does_not_answer_is_one_failure(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.faults.append(Fault("GET", "/version", 401))
    found = checks(cluster)
    assert found["cluster"].state is CheckState.FAILED
    assert "sign in again" in found["cluster"].remedy
    assert found["namespace"].state is CheckState.SKIPPED
    assert found["TPU"].state is CheckState.SKIPPED


def test_what_may_not_be_done_is_listed(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.denied |= {("create", "jobs"), ("get", "pods/log")}
    check = checks(cluster)["permissions"]
    assert check.state is CheckState.FAILED
    assert "create jobs" in check.reason
    assert "delete jobs" not in check.reason


@pytest.mark.parametrize(
    ("found", "state", "said"),
    [
        (claim("Bound"), CheckState.OK, "is bound"),
        (None, CheckState.FAILED, "no pod would start"),
        (claim("Lost"), CheckState.FAILED, "has lost its volume"),
        (claim("Pending"), CheckState.SKIPPED, "not bound yet"),
        (claim("Pending", volumeName="papers"), CheckState.FAILED, "waits for the volume papers, which is not free"),
    ],
)
def test_the_claim_of_a_bucket_on_a_volume(
    server: ApiServer, cluster: KubernetesCluster, found: dict[str, Any] | None, state: CheckState, said: str
) -> None:
    server.store.delete("persistentvolumeclaims", "default", PROFILE.bucket_volume)
    if found:
        add(server, "persistentvolumeclaims", "default", found)
    check = checks(cluster)["bucket volume"]
    assert (check.state, said in check.reason) == (state, True), check
    if said.endswith("not free"):
        assert "kubectl patch pv papers" in check.remedy


@pytest.mark.parametrize("how", ["given up", "dead", "never"])
def test_no_tracker_is_a_failure_told_by_its_lease(how: str, server: ApiServer, cluster: KubernetesCluster) -> None:
    lease = server.store.get("leases", "default", LEASE_NAME)
    if how == "never":
        server.store.delete("leases", "default", LEASE_NAME)
    elif how == "given up":
        server.store.update("leases", "default", {**lease, "spec": {**lease["spec"], "holderIdentity": ""}})
    else:
        server.ahead = 330.0
    check = checks(cluster)["tracker"]
    assert check.state is CheckState.FAILED
    assert "no tracker runs in namespace default" in check.reason
    assert ("last renewed 5 min ago" in check.reason) is (how == "dead")
    assert "kubectl apply -k" in check.remedy


@pytest.mark.parametrize(
    ("resources", "conditions", "state", "said"),
    [
        (["cpu", "memory", "ephemeral-storage", "google.com/tpu"], [], CheckState.OK, "covers what pods request"),
        (["cpu", "memory", "google.com/tpu"], [], CheckState.FAILED, "covers no ephemeral-storage"),
        (["cpu", "memory", "ephemeral-storage"], [], CheckState.FAILED, "covers no google.com/tpu"),
        (
            ["cpu", "memory", "ephemeral-storage", "google.com/tpu"],
            [{"type": "Active", "status": "False", "message": "its flavor does not exist"}],
            CheckState.FAILED,
            "admits nothing: its flavor does not exist",
        ),
    ],
)
def test_a_cluster_queue_must_cover_what_pods_request(
    server: ApiServer,
    cluster: KubernetesCluster,
    resources: list[str],
    conditions: list[dict[str, str]],
    state: CheckState,
    said: str,
) -> None:
    server.resources.kueue = True
    add(server, "localqueues", "default", {"metadata": {"name": "tpu"}, "spec": {"clusterQueue": "papers"}})
    groups = [{"coveredResources": resources}]
    found = {"metadata": {"name": "papers"}, "spec": {"resourceGroups": groups}, "status": {"conditions": conditions}}
    add(server, "clusterqueues", "", found)
    check = checks(cluster, PROFILE.model_copy(update={"queue": "tpu"}))["queue"]
    assert (check.state, said in check.reason) == (state, True), check


@pytest.mark.parametrize(
    ("spec", "state"),
    [
        ({}, CheckState.FAILED),
        ({"admissionChecks": ["dws"]}, CheckState.OK),
        ({"admissionChecksStrategy": {"admissionChecks": [{"name": "dws"}]}}, CheckState.OK),
    ],
)
@pytest.mark.parametrize("pool", ["trainer", "exporter"])
def test_flex_start_needs_a_check_that_asks_for_nodes(
    server: ApiServer, cluster: KubernetesCluster, spec: dict[str, Any], state: CheckState, pool: str
) -> None:
    server.resources.kueue = True
    add(server, "localqueues", "default", {"metadata": {"name": "tpu"}, "spec": {"clusterQueue": "papers"}})
    add(server, "clusterqueues", "", {"metadata": {"name": "papers"}, "spec": spec})
    flexible = Pool(cpu="160", memory="640Gi", tpu="v6e-8", flex_start=True)
    assert checks(cluster, PROFILE.model_copy(update={"queue": "tpu", pool: flexible}))["queue"].state is state


def test_a_lease_that_may_not_be_read_tells_nothing(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.denied.add(("get", "leases"))
    assert checks(cluster)["tracker"].state is CheckState.SKIPPED


def test_a_clock_that_is_off_fails_before_anything_is_made(server: ApiServer, cluster: KubernetesCluster) -> None:
    server.ahead = -7300.0
    refused = refusal(cheap_checks(PROFILE, load_recipe("tiny"), Kind, cluster))
    assert refused is not None
    assert "this machine's is 2 h ahead of that of the API server" in refused.reason
    assert "timedatectl" in refused.remedy


def test_a_missing_namespace_and_account_fail_with_the_command_to_make_them(server: ApiServer) -> None:
    assert server.url
    profile = PROFILE.model_copy(update={"namespace": "absent"})
    found = {c.name: c for c in all_checks(profile, load_recipe("tiny"), cluster_or_error(profile))}
    assert found["namespace"].remedy == "kubectl create namespace absent"
    assert found["service account"].remedy == "kubectl --namespace absent create serviceaccount covid-ctl-worker"


@pytest.mark.parametrize(
    ("hard", "used", "state", "said"),
    [
        ({"requests.cpu": "200"}, {"requests.cpu": "10"}, CheckState.OK, ""),
        (
            {"requests.cpu": "80"},
            {"requests.cpu": "20"},
            CheckState.FAILED,
            "requests.cpu for a pod of trainer (all of",
        ),
        (
            {"requests.cpu": "100"},
            {"requests.cpu": "20"},
            CheckState.OK,
            "trainer for requests.cpu (of 100 are 20 in use)",
        ),
        ({"limits.memory": "1Gi"}, {}, CheckState.FAILED, "limits.memory for a pod of workers"),
        ({"requests.google.com/tpu": "0"}, {}, CheckState.FAILED, "requests.google.com/tpu for a pod of trainer"),
        ({"pods": "600"}, {"pods": "600"}, CheckState.OK, "workers for pods (of 600 are 600 in use)"),
        ({"count/jobs.batch": "0"}, {}, CheckState.OK, ""),  # of Jobs the server itself is asked, by a dry run
    ],
)
def test_quotas_are_compared_with_what_pods_ask(
    server: ApiServer,
    cluster: KubernetesCluster,
    hard: dict[str, str],
    used: dict[str, str],
    state: CheckState,
    said: str,
) -> None:
    status = {"hard": hard, "used": used}
    add(server, "resourcequotas", "default", {"metadata": {"name": "q"}, "spec": {"hard": hard}, "status": status})
    check = checks(cluster)["quota"]
    assert check.state is state
    assert said in check.reason


def test_a_limit_range_that_forbids_a_pod_fails(server: ApiServer, cluster: KubernetesCluster) -> None:
    limits = [{"type": "Container", "max": {"cpu": "8", "memory": "512Gi"}}]
    add(server, "limitranges", "default", {"metadata": {"name": "l"}, "spec": {"limits": limits}})
    check = checks(cluster)["limits"]
    assert check.state is CheckState.FAILED
    assert check.reason == "trainer asks for 90, cpu is limited to 8"


def test_a_queue_must_be_there_and_kueue_first(server: ApiServer, cluster: KubernetesCluster) -> None:
    profile = PROFILE.model_copy(update={"queue": "tpu"})
    assert "install it" in checks(cluster, profile)["queue"].remedy
    server.resources.kueue = True
    absent = checks(cluster, profile)["queue"]
    assert (absent.state, absent.reason) == (CheckState.FAILED, "there is no LocalQueue tpu in default")
    add(server, "localqueues", "default", {"metadata": {"name": "tpu"}})
    assert checks(cluster, profile)["queue"].state is CheckState.OK
    server.denied.add(("get", "localqueues"))
    assert checks(cluster, profile)["queue"].state is CheckState.SKIPPED
    server.faults.append(Fault("GET", "/apis/kueue", 403))
    assert checks(cluster, profile)["queue"].reason == "you may not ask which APIs there are"


def test_nodes_are_matched_by_labels_and_by_size(server: ApiServer, cluster: KubernetesCluster) -> None:
    add(server, "nodes", "", {"metadata": {"name": "cpu"}, "status": {"allocatable": BIG}})
    check = checks(cluster)["nodes"]
    assert check.state is CheckState.SKIPPED
    assert check.reason.startswith("none is up now for trainer (trainer wants 90 CPU, 300Gi, cloud.google.com/gke-tpu")
    tpu = {"cpu": "95", "memory": "330Gi", "google.com/tpu": "4"}
    node = {"metadata": {"name": "tpu", "labels": TPU_LABELS}, "status": {"allocatable": tpu}}
    add(server, "nodes", "", node)
    assert checks(cluster)["nodes"].state is CheckState.OK


def test_an_annotated_account_tells_as_whom_it_acts(server: ApiServer, cluster: KubernetesCluster) -> None:
    profile = PROFILE.model_copy(update={"bucket": "gs://papers/run", "service_account": "other"})
    annotations = {"iam.gke.io/gcp-service-account": "worker@papers.iam"}
    add(server, "serviceaccounts", "default", {"metadata": {"name": "other", "annotations": annotations}})
    assert "acts as worker@papers.iam" in checks(cluster, profile)["Workload Identity"].reason
    plain = profile.model_copy(update={"service_account": PROFILE.service_account})
    assert "get-iam-policy gs://papers" in checks(cluster, plain)["Workload Identity"].remedy


def test_what_may_not_be_looked_at_is_skipped_and_hides_nothing_else(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    server.denied |= {("list", "nodes"), ("get", "namespaces"), ("list", "resourcequotas"), ("list", "limitranges")}
    found = checks(cluster)
    assert {name for name, check in found.items() if check.state is CheckState.SKIPPED} >= {
        "nodes",
        "namespace",
        "quota",
        "limits",
    }
    assert found["service account"].state is CheckState.OK


def test_submit_asks_a_few_things_only_and_refuses_with_all_that_failed(
    server: ApiServer, cluster: KubernetesCluster
) -> None:
    assert refusal(cheap_checks(PROFILE, load_recipe("tiny"), Kind, cluster)) is None
    assert len(server.requests) <= 7
    profile = PROFILE.model_copy(update={"service_account": "absent"})
    refused = refusal(cheap_checks(profile, load_recipe("tiny"), Kind, cluster))
    assert refused is not None
    assert refused.cli_exit_code == 3
    assert "there is no absent" in refused.reason


DATA_STEPS = (Kind.INGEST, Kind.SIGNATURES, Kind.VOCABULARY, Kind.PREPROCESS)


@pytest.mark.parametrize(
    ("kinds", "failing"),
    [
        (DATA_STEPS, set()),
        ([Kind.PRETRAIN], {"limits"}),
        ([Kind.CHECKPOINT], {"images"}),
        ([*DATA_STEPS, Kind.PRETRAIN, Kind.EXPORT], {"images", "limits"}),
    ],
    ids=["data", "training", "reading a model", "all"],
)
def test_submit_asks_for_what_its_steps_use_only(
    server: ApiServer, cluster: KubernetesCluster, kinds: list[Kind], failing: set[str]
) -> None:
    """The exporter's and the tracker's image are nowhere, and the trainer's pod is larger than any may be."""
    limits = [{"type": "Container", "max": {"cpu": "8"}}]
    add(server, "limitranges", "default", {"metadata": {"name": "l"}, "spec": {"limits": limits}})
    with registry_of_tests() as registry:
        pushed = registry.push("covid/worker", "sha256:" + "0" * 64)
        absent = f"{registry.host}/covid/absent@sha256:{'1' * 64}"
        named = Images(worker=pushed, trainer=pushed, exporter=absent, controller=absent)
        profile = PROFILE.model_copy(update={"images": named})
        found = list(cheap_checks(profile, load_recipe("tiny"), kinds, cluster))
    assert {check.name for check in found if check.state is CheckState.FAILED} == failing
