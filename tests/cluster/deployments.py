"""What ``k8s/`` holds, applied to the namespace of a test: with its image, bucket and code."""

from __future__ import annotations

from typing import Any

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api import APPLY_PATCH, Api
from tests.cluster.carried import add_code
from tests.cluster.image import Image
from tests.cluster.place import Place
from tests.k8s_files import in_namespace, path_of

PROGRAM = "import sys; sys.argv[0] = 'covid-ctl'; from controller.cli.main import main; main()"


def apply(api: Api, made: dict[str, Any], **options: str) -> dict[str, Any]:
    return api.patch(path_of(made), made, APPLY_PATCH, fieldManager="tests", fieldValidation="Strict", **options)


def configuration(place: Place) -> dict[str, Any]:
    """The ConfigMap that both Deployments read their profile from."""
    made: dict[str, Any] = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "covid-ctl"}}
    made["data"] = {"covid-ctl.toml": place.config.read_text()}
    return in_namespace(made, place.cluster.namespace)


def deployment_in(place: Place, image: Image, made: dict[str, Any], entrypoint: tuple[str, ...] = ()) -> dict[str, Any]:
    """A Deployment of ``k8s/`` with the test's image, bucket and, if it must be, code.

    ``entrypoint`` is that of the image which the Deployment would run: the test's image has another.
    """
    made = in_namespace(made, place.cluster.namespace)
    pod = made["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    container |= {"image": place.image, "imagePullPolicy": "IfNotPresent"}
    container["command"] = [*container.get("command", entrypoint), *container.pop("args", ())]
    container["env"] += [{"name": name, "value": value} for name, value in place.bucket.pod_env.items()]
    if place.bucket.volume:
        pod["volumes"].append({"name": "bucket", "persistentVolumeClaim": {"claimName": place.bucket.volume}})
        container["volumeMounts"].append({"name": "bucket", "mountPath": place.bucket.location})
    if place.config_maps:
        add_code(pod, place.config_maps)
    if place.config_maps or not image.holds["command"]:
        container["command"] = ["python", "-c", PROGRAM, *container["command"][1:]]
    return made


def let_through(cluster: KubernetesCluster) -> dict[str, Any]:
    """What this test needs besides the NetworkPolicy of ``k8s/``: the bucket server, and an API server anywhere."""
    path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices"
    slices = cluster.api.get(path, labelSelector="kubernetes.io/service-name=kubernetes")["items"]
    ports = [{"port": port["port"], "protocol": "TCP"} for found in slices for port in found.get("ports") or ()]
    neighbours: dict[str, Any] = {"podSelector": {}}
    spec = {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{}],
        "egress": [{"to": [neighbours]}, *([{"ports": ports}] if ports else [])],
    }
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "tests"},
        "spec": spec,
    }
    return in_namespace(policy, cluster.namespace)
