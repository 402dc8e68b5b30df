"""The objects below ``k8s/`` against a real API server: every field known, the tracker's pod admitted.

Needs no kubelet but for the last test, in which the Deployment itself releases the steps.
"""

import shlex
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import NotFoundError
from controller.ledger.events import EventType, Ledger
from controller.planning.manifest import render
from controller.profiles.profile import Images, Profile
from tests.cluster.deployments import apply, configuration, deployment_in, let_through
from tests.cluster.image import PROCESSES, Image
from tests.cluster.place import Place
from tests.cluster.waiting import until
from tests.controller.steps import planned
from tests.k8s_files import BASE, K8S, OVERLAYS, in_namespace, kustomization, objects, the

pytestmark = pytest.mark.cluster

TRACKER = "covid-ctl-tracker"
VOLUME = "covid-ctl-bucket"
"""The overlay for kind has it."""
IMAGES = Images(worker="worker:1", trainer="trainer:1", exporter="exporter:1", tags_allowed=True)
CLUSTER_WIDE = ("Namespace", "PersistentVolume")
NAMESPACED = [found for found in objects(BASE) if found["kind"] not in CLUSTER_WIDE]


def label(made: dict[str, Any]) -> str:
    return f"{made['kind']}-{made['metadata']['name']}"


@pytest.mark.parametrize("made", NAMESPACED, ids=label)
def test_every_object_is_accepted(made: dict[str, Any], real_cluster: KubernetesCluster) -> None:
    apply(real_cluster.api, in_namespace(made, real_cluster.namespace), dryRun="All")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_object_of_an_overlay_with_all_components_is_accepted(
    overlay: str, real_cluster: KubernetesCluster, tmp_path: Any
) -> None:
    kubectl = shutil.which("kubectl")
    if not kubectl:
        pytest.skip("resolving overlays needs kubectl: install it")
    shutil.copytree(K8S, tmp_path / "k8s")
    folder = tmp_path / "k8s" / "overlays" / overlay
    if not (config := folder / "covid-ctl.toml").exists():
        config.write_text("")
    components = [f"../../components/{path.name}" for path in (K8S / "components").iterdir()]
    whole = kustomization(folder) | {"components": components}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(whole))
    done = subprocess.run([kubectl, "kustomize", str(folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = [one for one in yaml.safe_load_all(done.stdout) if one["kind"] not in CLUSTER_WIDE]
    assert len(found) >= len(NAMESPACED) + len(components)
    for made in found:
        apply(real_cluster.api, in_namespace(made, real_cluster.namespace), dryRun="All")


def test_the_trackers_pod_is_admitted(real_cluster: KubernetesCluster) -> None:
    """By Pod Security, quota and service account: only creating it shows."""
    for made in NAMESPACED:
        if made["kind"] != "Deployment":
            apply(real_cluster.api, in_namespace(made, real_cluster.namespace))
    deployment = in_namespace(the("Deployment", TRACKER), real_cluster.namespace)
    apply(real_cluster.api, deployment)

    def pods() -> list[Any]:
        path = f"/api/v1/namespaces/{real_cluster.namespace}/pods"
        found = real_cluster.api.get(path, labelSelector=f"app.kubernetes.io/name={TRACKER}")["items"]
        return list(found)

    until(pods, "the tracker's pod")


def test_it_is_taken_away_and_brought_back_as_the_readme_says(real_cluster: KubernetesCluster, tmp_path: Path) -> None:
    """With a Job under way; every command as printed, but for the namespace."""
    kubectl = shutil.which("kubectl")
    if not kubectl:
        pytest.skip("the README's commands need kubectl: install it")
    api, name = real_cluster.api, f"{real_cluster.namespace}-away"
    there = KubernetesCluster.connect(namespace=name)
    ingest, *_ = planned()
    profile = Profile(name="test", bucket="gs://bucket/x", namespace=name, images=IMAGES)
    if VOLUME in {volume["metadata"]["name"] for volume in api.get("/api/v1/persistentvolumes")["items"]}:
        pytest.skip(f"the cluster has a volume {VOLUME} already: it may be somebody's")
    shutil.copytree(K8S, tmp_path / "k8s")
    folder = tmp_path / "k8s" / "overlays" / "kind"
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization(folder) | {"namespace": name}))

    def run(command: str) -> None:
        words = shlex.split(command.replace("overlays/gke", "overlays/kind").replace("-n covid-ctl", f"-n {name}"))
        done = subprocess.run([kubectl, *words[1:]], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert "NotFound" not in done.stderr, (command, done.stderr)

    section = (K8S / "README.md").read_text().partition("## Taking it away")[2]
    commands = section.partition("```bash\n")[2].partition("```")[0].splitlines()
    assert len(commands) == 3, commands
    claim = f"/api/v1/namespaces/{name}/persistentvolumeclaims/{VOLUME}"
    try:
        for _ in range(2):
            run("kubectl apply -k k8s/overlays/gke")
            until(lambda: api.get(claim)["status"].get("phase") == "Bound", "the bucket's claim to be bound")
            there.create(render(ingest, profile))
            until(lambda: there.pods(ingest.name), "a pod of a Job")
            for command in commands:
                run(command.partition("#")[0])
            with pytest.raises(NotFoundError):
                api.get(f"/api/v1/namespaces/{name}")
    finally:
        for path in (
            f"/apis/batch/v1/namespaces/{name}/jobs",
            f"/api/v1/namespaces/{name}",
            f"/api/v1/persistentvolumes/{VOLUME}",
        ):
            with suppress(NotFoundError):
                api.delete(path, {"propagationPolicy": "Background"})


def test_the_deployment_releases_the_steps(place: Place, image: Image) -> None:
    if lacking := image.lacks("controller"):
        pytest.skip(f"image {image.name} holds no controller: it lacks {', '.join(lacking)}")
    if not (image.holds["api"] or image.name == PROCESSES):
        pytest.skip("pods of this cluster do not reach its API server: no tracker could work here")
    cluster = place.cluster
    place.write_profile(service_account="covid-ctl-worker")
    for made in NAMESPACED:
        if made["kind"] != "Deployment":
            apply(cluster.api, in_namespace(made, cluster.namespace))
    apply(cluster.api, let_through(cluster))
    apply(cluster.api, configuration(place))
    apply(cluster.api, deployment_in(place, image, the("Deployment", TRACKER)))
    place.succeed("submit", "preprocess")
    complete = {"complete"}
    until(lambda: set(place.states().values()) == complete, "all steps to complete", cluster=cluster, every=2)
    ledger = Ledger(place.store())

    def noted() -> bool:
        return all(EventType.SUCCEEDED in {event.type for event in ledger.events(name)} for name in ledger.steps())

    until(noted, "the Deployment's tracker to note the end")
