"""Where the artifacts of a test go: a bucket given, a directory given, or a bucket server that runs as a pod.

Pods find the server by its pod's address: no Service, DNS or storage class is needed. The test process talks to
it directly where it can, else through the API server's proxy.
"""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import ApiError
from tests import gcs_server
from tests.cluster.pods import pod
from tests.cluster.proxy import address_of, get, reach_pod
from tests.cluster.waiting import until

EMULATOR = "STORAGE_EMULATOR_HOST"
SERVER = "bucket-server"
CLAIM = "bucket"


@dataclass(frozen=True)
class Bucket:
    location: str
    """As profiles name it."""
    volume: str = ""
    """The PersistentVolumeClaim of a directory."""
    pod_env: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    """The environment of the test process's own commands."""
    goes_away: bool = False
    """Whether an object in ``gcs_server.OUTAGES`` has it answer nothing for a while."""


@contextlib.contextmanager
def bucket_for(cluster: KubernetesCluster, image: str) -> Iterator[Bucket]:
    given = os.environ.get("COVID_CTL_TEST_BUCKET", "")
    if "://" in given:
        emulator = {EMULATOR: os.environ[EMULATOR]} if os.environ.get(EMULATOR) else {}
        yield Bucket(f"{given.rstrip('/')}/{cluster.namespace}", pod_env=emulator, env=emulator)
    elif given:
        with _directory(cluster, Path(given)) as bucket:
            yield bucket
    else:
        with _server(cluster, image) as bucket:
            yield bucket


@contextlib.contextmanager
def _directory(cluster: KubernetesCluster, parent: Path) -> Iterator[Bucket]:
    """A directory of every node that this process sees under the same path. It stays, to be looked at."""
    directory = parent / cluster.namespace
    directory.mkdir(parents=True)
    directory.chmod(0o777)  # written to by the pods' user, too
    with claim_on(cluster, directory):
        yield Bucket(str(directory), volume=CLAIM)


@contextlib.contextmanager
def claim_on(cluster: KubernetesCluster, directory: Path) -> Iterator[None]:
    """The claim ``CLAIM``, bound to a volume that is this directory of the node."""
    name = f"{cluster.namespace}-{CLAIM}"
    size = {"storage": "1Gi"}
    volume = {
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "storageClassName": "",
            "capacity": size,
            "accessModes": ["ReadWriteMany"],
            "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": str(directory)},
            "claimRef": {"name": CLAIM, "namespace": cluster.namespace},
        },
    }
    claim = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM},
        "spec": {
            "storageClassName": "",
            "volumeName": name,
            "accessModes": ["ReadWriteMany"],
            "resources": {"requests": size},
        },
    }
    cluster.api.post("/api/v1/persistentvolumes", volume)
    claims = f"/api/v1/namespaces/{cluster.namespace}/persistentvolumeclaims"
    try:
        cluster.api.post(claims, claim)
        until(lambda: cluster.api.get(f"{claims}/{CLAIM}")["status"].get("phase") == "Bound", "the claim to be bound")
        yield
    finally:
        with contextlib.suppress(ApiError):
            cluster.api.delete(f"/api/v1/persistentvolumes/{name}", {})


@contextlib.contextmanager
def _server(cluster: KubernetesCluster, image: str) -> Iterator[Bucket]:
    source = Path(gcs_server.__file__).read_text()
    namespace = f"/api/v1/namespaces/{cluster.namespace}"
    cluster.api.post(
        f"{namespace}/configmaps",
        {"kind": "ConfigMap", "metadata": {"name": SERVER}, "data": {"gcs_server.py": source}},
    )
    port = random.randrange(20_000, 30_000)
    command = ["python", "-u", "/server/gcs_server.py", "0.0.0.0", str(port), "tests"]
    volume = {"name": "server", "configMap": {"name": SERVER}}
    mount = {"name": "server", "mountPath": "/server", "readOnly": True}
    env = {"PYTHONDONTWRITEBYTECODE": "1"}
    made = pod(SERVER, image, command, env=env, volumes=[volume], mounts=[mount])
    cluster.api.post(f"{namespace}/pods", made)
    address = until(lambda: _address(cluster), "an address of the bucket server's pod")
    inside = f"http://{address}:{port}"
    with reach_pod(
        cluster, SERVER, inside, _answers, "the bucket server; without either give COVID_CTL_TEST_BUCKET"
    ) as url:
        yield Bucket(f"gs://tests/{cluster.namespace}", pod_env=_towards(inside), env=_towards(url), goes_away=True)


def _towards(url: str) -> dict[str, str]:
    """The server, and that no proxy of the environment is meant for it."""
    host = urlsplit(url).hostname or ""
    no_proxy = ",".join(filter(None, [os.environ.get("NO_PROXY") or os.environ.get("no_proxy"), host]))
    return {EMULATOR: url, "NO_PROXY": no_proxy, "no_proxy": no_proxy}


def _address(cluster: KubernetesCluster) -> str | None:
    found = cluster.api.get(f"/api/v1/namespaces/{cluster.namespace}/pods/{SERVER}")
    status = found["status"]
    assert status.get("phase") not in ("Failed", "Succeeded"), f"the bucket server ended: {status}"
    return address_of(found)


def _answers(url: str) -> bool:
    return b"ListBucketResult" in get(f"{url}/tests?list-type=2")
