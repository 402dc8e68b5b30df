"""The objects below ``k8s/``, as kustomize would read them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

K8S = Path(__file__).parents[1] / "k8s"
BASE = K8S / "base"
OVERLAYS = ("gke", "kind")


def kustomization(folder: Path) -> dict[str, Any]:
    return dict(yaml.safe_load((folder / "kustomization.yaml").read_text()))


def objects(folder: Path) -> Iterator[dict[str, Any]]:
    """Those of a kustomization's own resources, each from a fresh reading."""
    for name in kustomization(folder)["resources"]:
        if (folder / name).is_file():
            yield from (found for found in yaml.safe_load_all((folder / name).read_text()) if found)


def the(kind: str, name: str, folder: Path = BASE) -> dict[str, Any]:
    (found,) = (one for one in objects(folder) if (one["kind"], one["metadata"]["name"]) == (kind, name))
    return found


def in_namespace(made: dict[str, Any], namespace: str) -> dict[str, Any]:
    """As kustomize's ``namespace`` does, for the kinds that there are."""
    made["metadata"]["namespace"] = namespace
    for subject in made.get("subjects", ()):
        subject["namespace"] = namespace
    return made


def path_of(made: dict[str, Any]) -> str:
    """Where an API server keeps a namespaced object."""
    plural = {"NetworkPolicy": "networkpolicies"}.get(made["kind"], made["kind"].lower() + "s")
    version = made["apiVersion"]
    root = "/api/v1" if version == "v1" else f"/apis/{version}"
    return f"{root}/namespaces/{made['metadata']['namespace']}/{plural}/{made['metadata']['name']}"
