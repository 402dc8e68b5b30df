"""A real cluster, by variables of the environment. Every test has a namespace of its own, labelled ``restricted``.

``KUBECONFIG``               which cluster; the user must be its administrator. Without it all of this is skipped.
``COVID_CTL_TEST_IMAGE``     an image with Python 3.11 and what the ``jobs`` extra installs; without it, what needs
                             pods that run is skipped. Its own copy of this code is used if it is this very code; else
                             pods get the code from ConfigMaps. ``processes`` stands for processes of this machine
                             that ``tests/cluster/process_node.py`` passes off as pods, on an API server without nodes.
``COVID_CTL_TEST_BUCKET``    ``gs://BUCKET/PREFIX`` that pods and this process can write to (``STORAGE_EMULATOR_HOST``,
                             if set, is handed to the pods), or a directory of every node that this process sees
                             under the same path. Without it a bucket server runs as a pod: nothing is needed for it,
                             no storage class, Service or DNS.
``COVID_CTL_TEST_SECONDS``   how long to wait for anything that pods do; 900.
``COVID_CTL_TEST_RESTART_API``  a shell command that restarts the API server; without it that case is skipped.
``COVID_CTL_TEST_STOP_KUBELET``, ``COVID_CTL_TEST_START_KUBELET``  shell commands that do so on the node that the
                             variable ``NODE`` names; without them that case is skipped.

When a test fails, its report ends with the Jobs, pods, events and logs of its namespace.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import NotFoundError
from tests.cluster.bucket import bucket_for
from tests.cluster.diagnosis import diagnose
from tests.cluster.image import PROCESSES, Image, bring_code, examine, given_image
from tests.cluster.place import Place
from tests.cluster.process_node import ProcessNode

EXAMINED = pytest.StashKey[Image | BaseException]()
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@pytest.fixture
def real_cluster() -> Iterator[KubernetesCluster]:
    if not os.environ.get("KUBECONFIG"):
        pytest.skip("needs a cluster: set KUBECONFIG")
    name = f"covid-ctl-test-{uuid.uuid4().hex[:8]}"
    cluster = KubernetesCluster.connect(namespace=name)
    cluster.api.post("/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": name, "labels": RESTRICTED}})
    try:
        _wait_for_service_account(cluster)
        yield cluster
    finally:
        # Jobs first: one that is going on would keep the namespace from ending, see k8s/README.md.
        cluster.api.delete(f"/apis/batch/v1/namespaces/{name}/jobs", {"propagationPolicy": "Background"})
        cluster.api.delete(f"/api/v1/namespaces/{name}", {})


@pytest.fixture
def scratch() -> Iterator[Path]:
    """A directory that pods played by processes may use as they like."""
    path = Path(tempfile.mkdtemp(prefix="covid-ctl-test-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def pods_run(real_cluster: KubernetesCluster, scratch: Path) -> Iterator[str]:
    """The image that pods of the namespace run."""
    name = given_image()
    if name != PROCESSES:
        yield name
        return
    with ProcessNode(real_cluster, scratch):
        yield name


@pytest.fixture
def image(real_cluster: KubernetesCluster, pods_run: str, request: pytest.FixtureRequest) -> Image:
    """Examined once for all tests: where it will not do, none of the others waits for it again."""
    stash = request.config.stash
    if EXAMINED not in stash:
        try:
            stash[EXAMINED] = examine(real_cluster, pods_run)
        except (AssertionError, pytest.fail.Exception) as error:
            stash[EXAMINED] = error
    found = stash[EXAMINED]
    if isinstance(found, BaseException):
        raise found
    return found


@pytest.fixture
def place(
    real_cluster: KubernetesCluster, image: Image, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Place]:
    with bucket_for(real_cluster, image.name) as bucket:
        for name, value in bucket.env.items():
            monkeypatch.setenv(name, value)
        place = Place(real_cluster, bucket, image.name, scratch, bring_code(real_cluster, image))
        place.write_profile()
        yield place


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A kubeconfig may ask for no verification; what the client silences for itself comes back in threads of ours."""
    for item in items:
        if item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.filterwarnings("ignore::urllib3.exceptions.InsecureRequestWarning"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    report = yield
    arguments = getattr(item, "funcargs", {})
    if report.failed and call.when != "teardown":
        if cluster := arguments.get("real_cluster"):
            report.sections.append((f"namespace {cluster.namespace}", diagnose(cluster)))
        # test_commands.py has a fixture of the same name, and an error here would end the whole session.
        if isinstance(place := arguments.get("place"), Place):
            report.sections.append(("covid-ctl beside the test", place.said))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was tested is part of the result."""
    image = config.stash.get(EXAMINED, None)
    if isinstance(image, Image):
        code = "its own code, which is this tree's" if image.has_this_code else "this tree's code, brought along"
        terminalreporter.write_line(f"image {image.name}: {code}; {image.holds}")


def _wait_for_service_account(cluster: KubernetesCluster) -> None:
    """Pods are refused until the namespace has its own."""
    deadline = time.monotonic() + 60
    while True:
        with contextlib.suppress(NotFoundError):
            cluster.api.get(f"/api/v1/namespaces/{cluster.namespace}/serviceaccounts/default")
            return
        if time.monotonic() > deadline:
            pytest.fail("no service account after 60 s: does kube-controller-manager run?")
        time.sleep(0.2)
