"""This tree's code as ConfigMaps, for pods whose image holds what the code needs and not this very code.

Run as a program it is ``covid-ctl``, but its Jobs bring that code along.
"""

import base64
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from controller.clusters.kubernetes import KubernetesCluster
from tests.cluster.holding import TEXT

ROOT = Path(__file__).parents[2]
PLACE = "/covid-ctl-code"
VOLUME = "code"
CONFIG_MAPS = "COVID_CTL_TEST_CODE"
"""Environment variable: how many ConfigMaps hold it."""
CHUNK_BYTES = 600_000
"""An object may have a mebibyte, and base64 takes a third."""

Item = tuple[str, bytes]


def carry(cluster: KubernetesCluster) -> int:
    """Put the code into the namespace; returns the number of ConfigMaps."""
    chunks = list(_chunks())
    for number, chunk in enumerate(chunks):
        data = {_key(path): base64.b64encode(content).decode() for path, content in chunk}
        body = {"kind": "ConfigMap", "metadata": {"name": f"{VOLUME}-{number}"}, "binaryData": data}
        cluster.api.post(f"/api/v1/namespaces/{cluster.namespace}/configmaps", body)
    return len(chunks)


def volume(config_maps: int) -> dict[str, Any]:
    sources = [
        {
            "configMap": {
                "name": f"{VOLUME}-{number}",
                "items": [{"key": _key(path), "path": path} for path, _ in chunk],
            }
        }
        for number, chunk in enumerate(_chunks())
    ]
    assert len(sources) == config_maps, "the code changed meanwhile"
    return {"name": VOLUME, "projected": {"sources": sources}}


def mount() -> dict[str, Any]:
    return {"name": VOLUME, "mountPath": PLACE, "readOnly": True}


def add_code(spec: dict[str, Any], config_maps: int) -> None:
    """To the pod's only container."""
    spec["volumes"] = [*spec.get("volumes", ()), volume(config_maps)]
    container = spec["containers"][0]
    container["volumeMounts"] = [*container.get("volumeMounts", ()), mount()]
    container["env"] = [*container.get("env", ()), {"name": "PYTHONPATH", "value": PLACE}]


def _chunks() -> Iterator[list[Item]]:
    chunk: list[Item] = []
    for path in sorted(p for part in ("jobs", "controller") for p in (ROOT / part).rglob("*")):
        if path.suffix not in (*TEXT, ".so"):
            continue
        content = path.read_bytes()
        if chunk and sum(len(found) for _, found in chunk) + len(content) > CHUNK_BYTES:
            yield chunk
            chunk = []
        chunk.append((path.relative_to(ROOT).as_posix(), content))
    yield chunk


def _key(path: str) -> str:
    return path.replace("/", "..")


def main() -> None:
    from controller.cli.main import main as covid_ctl

    create = KubernetesCluster.create

    def create_with_code(cluster: KubernetesCluster, job: Mapping[str, Any], **options: Any) -> None:
        spec = job["spec"]["template"]["spec"]
        if all(found["name"] != VOLUME for found in spec["volumes"]):
            add_code(spec, int(os.environ[CONFIG_MAPS]))
        create(cluster, dict(job), **options)

    KubernetesCluster.create = create_with_code  # type: ignore[method-assign, assignment]
    sys.argv[0] = "covid-ctl"
    covid_ctl()


if __name__ == "__main__":
    main()
