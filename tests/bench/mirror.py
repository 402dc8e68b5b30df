"""What following a large Job costs the tracker: memory and requests, at 10,000 indexes and 1,000 running pods.

    python tests/bench/mirror.py [--indexes 10000] [--pods 1000]

An API server of the test suite's runs in a process of its own; each pod goes from pending to running to
succeeded, stays to be seen, and the next index gets its pod, until every index is done.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import repository_root  # noqa: F401

from controller.clusters.informer import Informer
from controller.clusters.kubernetes import KubernetesCluster
from controller.labels import LABEL_INDEX, LABEL_JOB, LABEL_MANAGED_BY, MANAGER
from controller.planning.manifest import render
from controller.profiles.profile import Images, Profile
from tests.api_server.server import ApiServer
from tests.controller.steps import planned

PACE_SECONDS = 0.2
"""Between two looks of whoever follows."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--indexes", type=int, default=10_000)
    parser.add_argument("--pods", type=int, default=1_000)
    options = parser.parse_args()
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kubeconfig")
        arguments = (theirs, path, options.indexes, options.pods)
        server = multiprocessing.get_context("spawn").Process(target=_serve, args=arguments, daemon=True)
        server.start()
        name = ours.recv()
        os.environ["KUBECONFIG"] = str(path)
        cluster = KubernetesCluster.connect()
        before, started = _peak_megabytes(), time.process_time()
        with Informer(cluster) as informer:
            informer.wait(60)
            listed = len(informer.pods(name))
            ours.send("go")
            wakes = 0
            while not ((status := informer.status(name)) and status.succeeded == options.indexes):
                wakes += bool(informer.wait(60))
                time.sleep(PACE_SECONDS)
            seen = len(informer.pods(name))
            ours.send("stop")
            changes, requests = ours.recv()
    print(f"{options.indexes:,} indexes, {listed:,} pods at a time, {seen:,} in the end")
    print(f"{changes:,} changes, {requests} requests in all")
    print(f"peak memory {_peak_megabytes():.0f} MB, {before:.0f} MB of it before anything was listed")
    print(f"CPU {time.process_time() - started:.1f} s, status asked for {wakes:,} times")
    server.join()


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _serve(pipe: Connection, path: Path, indexes: int, pods: int) -> None:
    step = planned(shards=indexes)[-1]
    images = Images(worker="worker:1", trainer="trainer:1", exporter="exporter:1")
    job = render(step, Profile(name="bench", bucket="gs://bucket/x", images=images, parallelism=pods))
    with ApiServer() as server:
        server.store.on_change = lambda: None  # this benchmark is its own Job controller: the model's is too slow
        server.kubeconfig(path)
        job["status"] = {}
        job = server.store.create("jobs", "default", job)
        running = [_pod(server, job, index) for index in range(pods)]
        first = server.store.version
        pipe.send(step.name)
        pipe.recv()
        for index in range(indexes):
            pod = running[index % pods]
            pod["status"]["phase"] = "Running"
            pod = server.store.update("pods", "default", pod)
            pod["status"]["phase"] = "Succeeded"
            server.store.update("pods", "default", pod)
            if index + pods < indexes:
                running[index % pods] = _pod(server, job, index + pods)
            if index % 10 == 9 or index == indexes - 1:
                job["status"] = {"active": pods, "completedIndexes": f"0-{index}"}
                job = server.store.update("jobs", "default", job)
        pipe.recv()
        pipe.send((server.store.version - first, len(server.requests)))


def _pod(server: ApiServer, job: dict[str, Any], index: int) -> dict[str, Any]:
    name = job["metadata"]["name"]
    labels = {LABEL_MANAGED_BY: MANAGER, LABEL_JOB: name, LABEL_INDEX: str(index)}
    meta = {"name": f"{name}-{index}-abcde", "labels": labels, "annotations": {LABEL_INDEX: str(index)}}
    spec = job["spec"]["template"]["spec"]
    return server.store.create("pods", "default", {"metadata": meta, "spec": spec, "status": {"phase": "Pending"}})


if __name__ == "__main__":
    main()
