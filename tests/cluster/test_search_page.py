"""The search page of ``k8s/components/search``: admitted, without rights in the cluster, and answering in its pod.

Needs no kubelet but for the last test.
"""

import json
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api import Api
from controller.kube.connection import connect
from tests.cluster.deployments import apply, configuration, deployment_in, let_through
from tests.cluster.image import PROCESSES, Image
from tests.cluster.kubeconfig import kubeconfig_of
from tests.cluster.place import Place
from tests.cluster.proxy import address_of, get, reach_pod
from tests.cluster.waiting import until
from tests.jobs.search.bucket import index_step
from tests.jobs.search.made import PAPERS, embedder
from tests.k8s_files import BASE, K8S, in_namespace, objects, the

pytestmark = pytest.mark.cluster

COMPONENT = K8S / "components" / "search"
SEARCH = "covid-ctl-search"
ENTRYPOINT = ("covid-ctl", "search", "--serve")
"""That of the image ``search``."""


def pods(cluster: KubernetesCluster) -> list[dict[str, Any]]:
    path = f"/api/v1/namespaces/{cluster.namespace}/pods"
    return list(cluster.api.get(path, labelSelector=f"app.kubernetes.io/name={SEARCH}")["items"])


def test_its_pod_is_admitted_beside_the_base(real_cluster: KubernetesCluster) -> None:
    """By Pod Security, quota and service account: only creating it shows."""
    for made in (*objects(BASE), *objects(COMPONENT)):
        if made["kind"] != "Namespace" and made["metadata"]["name"] != "covid-ctl-tracker":
            apply(real_cluster.api, in_namespace(made, real_cluster.namespace))
    until(lambda: pods(real_cluster), "the search page's pod")


def rules_of(cluster: KubernetesCluster, account: str, folder: Path) -> list[str]:
    """What the server says that the account may do."""
    kubeconfig = folder / account
    kubeconfig.write_text(json.dumps(kubeconfig_of(cluster, account)))
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectRulesReview",
        "spec": {"namespace": cluster.namespace},
    }
    api = Api(connect(namespace=cluster.namespace, kubeconfig=str(kubeconfig)))
    rules = api.post("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", review)["status"]["resourceRules"]
    return sorted(json.dumps(rule, sort_keys=True) for rule in rules)


def test_its_account_may_do_what_any_account_may_and_no_more(real_cluster: KubernetesCluster, tmp_path: Path) -> None:
    for made in objects(COMPONENT):
        if made["kind"] != "Deployment":
            apply(real_cluster.api, in_namespace(made, real_cluster.namespace))
    rules = rules_of(real_cluster, SEARCH, tmp_path)
    assert rules == rules_of(real_cluster, "default", tmp_path)
    assert not any(name in rule for rule in rules for name in ('"secrets"', '"pods"', '"jobs"', '"configmaps"'))


def put_index(place: Place) -> str:
    """A made index in the bucket, as the steps leave it; returns its name."""
    folder = place.directory / "made"
    encoder = embedder(folder / "embedder")
    name = index_step(folder / "bucket", encoder, PAPERS, [vectors_of(encoder)])
    for path in (folder / "bucket").rglob("*"):
        if path.is_file():
            place.store().put(path.relative_to(folder / "bucket").as_posix(), path.read_bytes())
    return name


def vectors_of(model: Path) -> Any:
    from jobs.search.encoder import TextEncoder

    return TextEncoder(model).encode([f"{paper.title} {paper.abstract}" for paper in PAPERS])


def deployment(place: Place, image: Image) -> dict[str, Any]:
    """With resources for five papers, on any node."""
    made = deployment_in(place, image, the("Deployment", SEARCH, COMPONENT), ENTRYPOINT)
    (container,) = made["spec"]["template"]["spec"]["containers"]
    container["resources"]["requests"] = {"cpu": "100m", "memory": "256Mi", "ephemeral-storage": "256Mi"}
    if place.image == PROCESSES:  # its port is one of this machine
        port = random.randrange(20_000, 30_000)
        container["ports"][0]["containerPort"] = port
        container["command"][container["command"].index("--port") + 1] = str(port)
    return made


@contextmanager
def page(place: Place, port: int) -> Iterator[str]:
    """The URL of the running page."""
    found = until(
        lambda: next((pod for pod in pods(place.cluster) if address_of(pod)), None), "the search page's pod to run"
    )
    inside = f"http://{address_of(found)}:{port}"
    with reach_pod(
        place.cluster,
        found["metadata"]["name"],
        inside,
        lambda url: get(f"{url}/healthz") == b"ok\n",
        "the search page",
    ) as url:
        yield url


def is_available(place: Place) -> bool:
    path = f"/apis/apps/v1/namespaces/{place.cluster.namespace}/deployments/{SEARCH}"
    return bool(place.cluster.api.get(path)["status"].get("availableReplicas"))


def is_served(place: Place) -> bool:
    """Whether the Service has found the pod ready."""
    path = f"/apis/discovery.k8s.io/v1/namespaces/{place.cluster.namespace}/endpointslices"
    slices = place.cluster.api.get(path, labelSelector=f"kubernetes.io/service-name={SEARCH}")["items"]
    return any(one["conditions"].get("ready") for found in slices for one in found.get("endpoints") or ())


def contents(place: Place) -> set[tuple[str, int]]:
    return {(found.path, found.size) for found in place.store().objects()}


def test_it_becomes_ready_and_answers_from_the_newest_index(place: Place, image: Image) -> None:
    if lacking := image.lacks("controller") + image.lacks("searching"):
        pytest.skip(f"image {image.name} serves no page: it lacks {', '.join(lacking)}")
    index, before = put_index(place), contents(place)
    for made in objects(COMPONENT):
        if made["kind"] != "Deployment":
            apply(place.cluster.api, in_namespace(made, place.cluster.namespace))
    apply(place.cluster.api, let_through(place.cluster))
    apply(place.cluster.api, configuration(place))
    made = deployment(place, image)
    apply(place.cluster.api, made)
    (port,) = made["spec"]["template"]["spec"]["containers"][0]["ports"]
    with page(place, port["containerPort"]) as url:
        until(lambda: is_available(place), "the Deployment to be available")
        until(lambda: is_served(place), "the Service to find its pod")
        (answer,) = json.loads(get(f"{url}/api/search?q=masks"))["answers"]
        assert answer["index"] == index
        assert {hit["cord_uid"] for hit in answer["hits"]} >= {"a1"}, answer
        assert b"Masks in schools" in get(f"{url}/?q=masks")
        assert get(f"{url}/style.css")
    (pod,) = pods(place.cluster)
    assert not any("projected" in volume and volume["name"].startswith("kube-api") for volume in pod["spec"]["volumes"])
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0
    assert contents(place) == before
