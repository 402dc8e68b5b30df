"""How well ``preprocess`` uses a second worker: the same shards by one process at a time, and by two.

    python tests/bench/workers.py [--release DIR_OR_ARCHIVE] [--shards 8] [--rounds 3]

What it reads is made first, of the built-in sample unless told otherwise. Then every round runs the whole step with
one worker and with two, turn about, as processes that start, read, write and commit as a cluster's do. Efficiency is
t1 / (2 * t2) in wall time, the best of all rounds: it says something of a machine with two idle cores only. CPU
time says the rest on any machine: what two workers spend beyond one is what they cost each other.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import NamedTuple

from jobs.artifact import Artifact, Manifest, Output
from jobs.store import Store


class Spent(NamedTuple):
    """Seconds; of the CPU, those of all workers together."""

    wall: float
    cpu: float


def _records(manifest: Manifest) -> list[Output]:
    """Without the report, which holds the step's own name."""
    return [output for output in manifest.outputs if "report" not in output.path]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", default="sample", help="a corpus, as covid-ctl submit preprocess takes it")
    parser.add_argument("--shards", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as bucket:
        store = Store(bucket)
        made = made_by_submit(bucket, options.release, options.shards)
        spent: dict[int, list[Spent]] = {1: [], 2: []}
        for number in range(options.rounds):
            for workers, times in spent.items():
                again = Artifact(store, replace(made.spec, salt=f"{workers} workers, round {number}"))
                again.submit()
                times.append(run(again, workers))
                assert _records(again.require()) == _records(made), "another number of workers, other bytes"
    documents = made.counts["documents"]["read"]
    print(
        f"{documents:,} documents in {options.shards} shards, load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    )
    for workers, times in spent.items():
        wall, cpu = min(t.wall for t in times), min(t.cpu for t in times)
        print(f"{workers} workers: {wall:.2f} s wall, {cpu:.2f} s CPU, {documents / wall:,.0f} documents/s")
    one, two = (min(t.wall for t in times) for times in spent.values())
    print(f"efficiency {one / (2 * two):.2f}")


def made_by_submit(bucket: str, release: str, shards: int) -> Manifest:
    """The manifest of a preprocess step and, in the bucket, of all before it."""
    program = "from controller.cli.main import main; main()"
    command = ["submit", "preprocess", "--corpus", release, "--shards", str(shards), "--bucket", bucket]
    command += [
        "--set",
        "corpus.near_duplicate_similarity=1",
    ]  # a release made larger by repetition is work all the same
    done = subprocess.run(
        [sys.executable, "-c", program, *command, "--output", "json"], stdout=subprocess.PIPE, check=True
    )
    return Artifact.open(Store(bucket), json.loads(done.stdout)[-1]["name"]).require()


def run(artifact: Artifact, workers: int) -> Spent:
    """Until every shard is committed."""
    command = [sys.executable, "-m", "jobs", "preprocess", "--bucket", artifact.store.location, "--name", artifact.name]

    def work(shard: int) -> None:
        environment = {**os.environ, "JOB_COMPLETION_INDEX": str(shard)}
        subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)

    started, before = time.monotonic(), os.times()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(artifact.spec.shards)))
    after = os.times()
    cpu = after.children_user + after.children_system - before.children_user - before.children_system
    return Spent(time.monotonic() - started, cpu)


if __name__ == "__main__":
    main()
