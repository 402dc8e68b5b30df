"""The conformance table with containers that really run, exit, fail and are evicted."""

import copy
import time
from collections import defaultdict
from typing import Any

import pytest

from controller.clusters.kubernetes import KubernetesCluster
from controller.kube.api_errors import NotFoundError, OverloadedError
from controller.labels import ANNOTATION_FAILURES, ANNOTATION_IGNORED
from tests import eviction
from tests.cluster.image import Image
from tests.cluster.pods import CONTAINER_SECURITY, RESOURCES
from tests.cluster.waiting import SECONDS
from tests.conformance import CASES, NAME, Case, check, job
from tests.standin_kubelet import DISRUPTED, RUNS

pytestmark = pytest.mark.cluster

DEADLINE_SECONDS = 20
PROGRAM = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
attempt = sum(int(os.environ.get(name) or 0) for name in ("FAILED", "IGNORED"))
codes = {exits!r}.get(int(os.environ["JOB_COMPLETION_INDEX"]), (0,))
code = codes[min(attempt, len(codes) - 1)]
time.sleep(3600 if code < 0 else {pause})
sys.exit(code)
"""


def job_of_pods(case: Case, image: str) -> dict[str, Any]:
    """An attempt's number is what the Job controller has counted before it."""
    others_run = any(RUNS in codes for codes in case.exits.values())
    made = copy.deepcopy(job(case, PROGRAM.format(exits=dict(case.exits), pause=5 if others_run else 0)))
    if case.deadline_seconds is not None:
        made["spec"]["activeDeadlineSeconds"] = DEADLINE_SECONDS
    spec = made["spec"]["template"]["spec"]
    del spec["schedulerName"]
    (container,) = spec["containers"]
    container |= {"image": image, "imagePullPolicy": "IfNotPresent", "resources": RESOURCES}
    container["securityContext"] = CONTAINER_SECURITY
    container["env"] += [
        {"name": name, "valueFrom": {"fieldRef": {"fieldPath": f"metadata.annotations['{annotation}']"}}}
        for name, annotation in (("FAILED", ANNOTATION_FAILURES), ("IGNORED", ANNOTATION_IGNORED))
    ]
    return made


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_pods(case: Case, real_cluster: KubernetesCluster, image: Image) -> None:
    seen: dict[str, int] = {}
    evicted: set[str] = set()

    def step() -> None:
        for pod in real_cluster.pods(NAME):
            seen[pod.name] = -1 if pod.index is None else pod.index
            disrupted = DISRUPTED in case.exits.get(seen[pod.name], ())
            if disrupted and not evicted and pod.phase == "Running" and not pod.deleting:
                evict(pod.name)
        time.sleep(0.5)

    def evict(pod: str) -> None:
        try:
            eviction.evict(real_cluster, pod)
        except (NotFoundError, OverloadedError):
            return  # it has ended, or not now: the next look tries again
        evicted.add(pod)

    def attempts() -> dict[int, int]:
        counts: dict[int, int] = defaultdict(int)
        for index in seen.values():
            counts[index] += 1
        return counts

    check(case, real_cluster, job_of_pods(case, image.name), step=step, attempts=attempts, seconds=SECONDS)
    assert bool(evicted) == case.needs_pods
    real_cluster.delete(NAME)
    assert real_cluster.status(NAME) is None
