"""What tracking a large Job costs: memory and requests, at 10,000 indexes and 1,000 running pods.

    python tests/bench/tracker.py [--indexes 10000] [--pods 1000] [--failing 0.02]

An API server of the test suite's runs in a process of its own; each pod goes from pending to running to
its end, stays to be seen with its log, and the next index gets its pod, until every index is done. A share
of the pods is preempted. The tracker is the one of ``covid-ctl tracker``: it notes the failures and copies
every log to a bucket that is a directory.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections import Counter
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--indexes", type=int, default=10_000)
    parser.add_argument("--pods", type=int, default=1_000)
    parser.add_argument("--failing", type=float, default=0.02)
    options = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    with tempfile.TemporaryDirectory() as folder:
        path, bucket = Path(folder, "kubeconfig"), Path(folder, "bucket")
        every = round(1 / options.failing) if options.failing else 0
        arguments = (theirs, path, str(bucket), options.indexes, options.pods, every)
        server = multiprocessing.get_context("spawn").Process(target=_serve, args=arguments, daemon=True)
        server.start()
        name = ours.recv()
        os.environ["KUBECONFIG"] = str(path)
        cluster, errors = KubernetesCluster.connect(), Counter[str]()
        before, started, wall = _peak_megabytes(), time.process_time(), time.monotonic()
        looks = 0
        with Informer(cluster) as informer:
            observer = ClusterObserver(cluster, informer)
            tracker = Tracker(
                observer, Store(str(bucket)), on_error=lambda _name, error, _wait: errors.update([str(error)])
            )
            ours.send("go")
            while not ((status := informer.status(name)) and status.condition):
                looks += bool(tracker.step(1))
                time.sleep(PACE_SECONDS)
            tracker.step(1)
            ours.send("stop")
            changes, requests = ours.recv()
        seconds = time.monotonic() - wall
        store = Store(str(bucket))
        logs, events = len(store.objects(f"{name}/logs")), len(Ledger(store).events(name))
    print(f"{options.indexes:,} indexes, {options.pods:,} pods at a time, one pod in {every} preempted")
    print(f"{changes:,} changes in the cluster")
    print(f"requests: {', '.join(f'{count:,} {kind}' for kind, count in requests.most_common())}")
    print(f"bucket: {logs:,} logs, {events:,} events; errors: {dict(errors)}")
    print(f"peak memory {_peak_megabytes():.0f} MB, {before:.0f} MB of it before anything was listed")
    print(f"CPU {time.process_time() - started:.1f} s of {seconds:.0f} s, {looks:,} looks")
    server.join()


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
