"""What tracking a large Job costs: memory and requests, at 10,000 indexes and 1,000 running pods.

    python tests/bench/tracker.py [--indexes 10000] [--pods 1000] [--failing 0.02] [--cluster]

An API server of the test suite's runs in a process of its own; each pod goes from pending to running to
its end, stays to be seen with its log, and the next index gets its pod, until every index is done. A share
of the pods is preempted. The tracker is the one of ``covid-ctl tracker``: it notes the failures and copies
every log to a bucket that is a directory.

With ``--cluster`` the Job runs on the cluster of KUBECONFIG, in a namespace of its own, in pods that print as
many lines with the image that COVID_CTL_TEST_IMAGE names; nothing is preempted.
"""

from __future__ import annotations

import argparse
import logging
import multiprocessing
import os
import resource
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import repository_root  # noqa: F401

from controller.clusters.informer import Informer
from controller.clusters.kubernetes import KubernetesCluster
from controller.labels import LABEL_INDEX, LABEL_JOB, LABEL_MANAGED_BY, MANAGER
from controller.ledger.events import Ledger
from controller.planning.manifest import render
from controller.profiles.profile import Images, Profile
from controller.tracking.observer import ClusterObserver
from controller.tracking.tracker import Tracker
from jobs.artifact import Artifact
from jobs.store import Store
from tests.api_server.server import ApiServer
from tests.controller.steps import planned

PACE_SECONDS = 0.2
"""Between two looks; the command leaves a second."""
LOG = "".join(f'{{"event": "shard.line", "number": {number}}}\n' for number in range(50))


@dataclass
class Run:
    """One Job, tracked to its end."""

    cluster: KubernetesCluster
    bucket: str
    name: str
    errors: Counter[str] = field(default_factory=Counter)
    looks: int = 0

    def track(self, begin: Any) -> None:
        """Calls ``begin`` once the tracker watches."""
        with Informer(self.cluster) as informer:
            observer = ClusterObserver(self.cluster, informer)
            tracker = Tracker(observer, Store(self.bucket), on_error=self._note)
            begin()
            while not ((status := informer.status(self.name)) and status.condition):
                self.looks += bool(tracker.step(1))
                time.sleep(PACE_SECONDS)
            tracker.step(1)

    def _note(self, _name: str, error: Exception, _seconds: float) -> None:
        self.errors[str(error)] += 1

    def found(self) -> str:
        store = Store(self.bucket)
        logs, events = len(store.objects(f"{self.name}/logs")), len(Ledger(store).events(self.name))
        return f"bucket: {logs:,} logs, {events:,} events; errors: {dict(self.errors)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--indexes", type=int, default=10_000)
    parser.add_argument("--pods", type=int, default=1_000)
    parser.add_argument("--failing", type=float, default=0.02)
    parser.add_argument("--cluster", action="store_true")
    options = parser.parse_args()
    every = round(1 / options.failing) if options.failing and not options.cluster else 0
    before, started, wall = _peak_megabytes(), time.process_time(), time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        if options.cluster:
            run, requests = _on_the_cluster(Path(folder), options.indexes, options.pods)
        else:
            run, requests = _on_a_server_of_the_tests(Path(folder), options.indexes, options.pods, every)
        found = run.found()
    preempted = f", one pod in {every} preempted" if every else ""
    print(f"{options.indexes:,} indexes, {options.pods:,} pods at a time{preempted}")
    print(f"requests: {', '.join(f'{count:,} {kind}' for kind, count in requests.most_common())}")
    print(found)
    print(f"peak memory {_peak_megabytes():.0f} MB, {before:.0f} MB of it before anything was listed")
    print(f"CPU {time.process_time() - started:.1f} s of {time.monotonic() - wall:.0f} s, {run.looks:,} looks")


def _on_a_server_of_the_tests(folder: Path, indexes: int, pods: int, every: int) -> tuple[Run, Counter[str]]:
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    path, bucket = folder / "kubeconfig", str(folder / "bucket")
    arguments = (theirs, path, bucket, indexes, pods, every)
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=arguments, daemon=True)
    server.start()
    name = ours.recv()
    os.environ["KUBECONFIG"] = str(path)
    run = Run(KubernetesCluster.connect(), bucket, name)
    run.track(lambda: ours.send("go"))
    ours.send("stop")
    changes, requests = ours.recv()
    server.join()
    print(f"{changes:,} changes in the cluster")
    return run, requests


def _on_the_cluster(folder: Path, indexes: int, pods: int) -> tuple[Run, Counter[str]]:
    step, image = planned(shards=indexes)[-1], os.environ["COVID_CTL_TEST_IMAGE"]
    namespace, bucket = f"covid-ctl-bench-{uuid.uuid4().hex[:8]}", str(folder / "bucket")
    images = Images(worker=image, trainer=image, exporter=image, tags_allowed=True)
    profile = Profile(
        name="bench", bucket=bucket, images=images, parallelism=pods, namespace=namespace, service_account="default"
    )
    job: dict[str, Any] = render(step, profile)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    container |= {"command": ["python", "-c", f"print({LOG!r}, end='')"], "imagePullPolicy": "IfNotPresent"}
    container["resources"] = {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "256Mi"}}
    container.pop("args", None)
    Artifact(Store(bucket), step.spec).submit()
    cluster = KubernetesCluster.connect(namespace=namespace)
    cluster.api.post("/api/v1/namespaces", {"kind": "Namespace", "metadata": {"name": namespace}})
    run = Run(cluster, bucket, step.name)
    try:
        with _requests_sent() as requests:
            run.track(lambda: cluster.create(job))
    finally:
        cluster.delete(step.name)
        cluster.api.delete(f"/api/v1/namespaces/{namespace}", {})
    return run, requests


@contextmanager
def _requests_sent() -> Iterator[Counter[str]]:
    """What this process sends meanwhile, as urllib3 logs it."""
    sent: Counter[str] = Counter()

    class Counting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if len(record.args or ()) == 8:
                sent[_kind(str(record.args[4]))] += 1  # type: ignore[index]

    log, handler = logging.getLogger("urllib3.connectionpool"), Counting()
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield sent
    finally:
        log.removeHandler(handler)


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _serve(pipe: Connection, path: Path, bucket: str, indexes: int, pods: int, every: int) -> None:
    step = planned(shards=indexes)[-1]
    images = Images(worker="worker:1", trainer="trainer:1", exporter="exporter:1")
    job: dict[str, Any] = render(step, Profile(name="bench", bucket=bucket, images=images, parallelism=pods))
    Artifact(Store(bucket), step.spec).submit()
    with ApiServer() as server:
        server.store.on_change = lambda: None  # this benchmark is its own Job controller: the model's is too slow
        server.kubeconfig(path)
        job["status"] = {}
        job = server.store.create("jobs", "default", job)
        running = [_pod(server, job, index, 0) for index in range(pods)]
        first = server.store.version
        pipe.send(step.name)
        pipe.recv()
        for index in range(indexes):
            pod = running[index % pods]
            if every and index % every == 0:
                pod["status"] |= {"phase": "Failed", "conditions": [{"type": "DisruptionTarget", "status": "True"}]}
                server.store.update("pods", "default", pod)
                pod = _pod(server, job, index, 1)
            pod["status"]["phase"] = "Running"
            pod = server.store.update("pods", "default", pod)
            pod["status"]["phase"] = "Succeeded"
            server.store.update("pods", "default", pod)
            if index + pods < indexes:
                running[index % pods] = _pod(server, job, index + pods, 0)
            if index % 10 == 9 or index == indexes - 1:
                job["status"] = {"active": pods, "completedIndexes": f"0-{index}"}
                job = server.store.update("jobs", "default", job)
        job["status"]["conditions"] = [{"type": "Complete", "status": "True"}]
        server.store.update("jobs", "default", job)
        pipe.recv()
        pipe.send((server.store.version - first, Counter(_kind(request) for request in server.requests)))


def _kind(request: str) -> str:
    if "watch=true" in request:
        return "watches"
    return "logs" if "/log?" in request else "lists" if "limit=" in request else "others"


def _pod(server: ApiServer, job: dict[str, Any], index: int, attempt: int) -> dict[str, Any]:
    name = job["metadata"]["name"]
    labels = {LABEL_MANAGED_BY: MANAGER, LABEL_JOB: name, LABEL_INDEX: str(index)}
    annotations = {LABEL_INDEX: str(index), "test/log": LOG}
    meta = {"name": f"{name}-{index}-abcd{attempt}", "labels": labels, "annotations": annotations}
    spec = job["spec"]["template"]["spec"]
    return server.store.create("pods", "default", {"metadata": meta, "spec": spec, "status": {"phase": "Pending"}})


if __name__ == "__main__":
    main()
