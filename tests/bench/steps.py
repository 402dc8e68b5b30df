"""What commands cost on a bucket with many steps: requests and seconds, at 50, 500 and 5,000 steps.

    python tests/bench/steps.py [--steps 50 500 5000] [--latency 0.03]

The bucket is the test suite's server in a process of its own, which takes 30 ms for each request. Every command is a
process of its own, as a person would start it; its cache begins empty. ``watch`` is counted per refresh, once it shows
the table.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection

import repository_root

from tests.gcs_server import serve
from tests.many_steps import MemoryBucket, fill

BUCKET = "gs://bench/run"
WATCHED_SECONDS = 12.0
EVERY = 2.0

COMMANDS = {
    "status, empty cache": ["status"],
    "status": ["status"],
    "status --all, first": ["status", "--all"],
    "status --all": ["status", "--all"],
    "artifacts": ["artifacts"],
    "report": ["report"],
    "submit pretrain tiny": ["submit", "pretrain", "tiny", "--dry-run"],
    "submit, nothing fits": ["submit", "pretrain", "tiny", "--dry-run", "--set", "examples.dupe_factor=3"],
    "gc": ["gc"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=[50, 500, 5000])
    parser.add_argument("--latency", type=float, default=0.03, help="seconds per request")
    options = parser.parse_args()
    print(f"{'steps':>6}  {'command':<22} {'requests':>8} {'seconds':>8}")
    for count in options.steps:
        measure(count, options.latency)


def measure(count: int, latency: float) -> None:
    bucket = MemoryBucket()
    fill(bucket, count, now=time.time())
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    server = multiprocessing.get_context("spawn").Process(target=_serve, args=(theirs, bucket.contents(), latency))
    server.start()
    with tempfile.TemporaryDirectory() as cache:
        environment = {
            **os.environ,
            "STORAGE_EMULATOR_HOST": ours.recv(),
            "XDG_CACHE_HOME": cache,
            "COVID_CTL_BUCKET": BUCKET,
            "PYTHONPATH": str(repository_root.ROOT),
        }
        for title, arguments in COMMANDS.items():
            began = time.monotonic()
            done = subprocess.run(_command(*arguments), env=environment, capture_output=True, text=True, check=False)
            _print(count, title, _requests(ours), time.monotonic() - began)
            if done.returncode:
                print(done.stderr.strip())
        _measure_watch(count, ours, environment)
    ours.send("stop")
    server.join()


def _measure_watch(count: int, server: Connection, environment: Mapping[str, str]) -> None:
    command = _command("watch", "--every", str(EVERY))
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as watch:
        assert watch.stdout
        watch.stdout.readline()
        _requests(server)
        time.sleep(WATCHED_SECONDS)
        watch.terminate()
    _print(count, "watch, each refresh", round(_requests(server) * EVERY / WATCHED_SECONDS), EVERY)


def _command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "controller", *arguments]


def _requests(server: Connection) -> int:
    server.send("count")
    return int(server.recv())


def _print(steps: int, command: str, requests: int, seconds: float) -> None:
    print(f"{steps:>6,}  {command:<22} {requests:>8,} {seconds:>8.2f}", flush=True)


def _serve(pipe: Connection, contents: Mapping[str, bytes], latency: float) -> None:
    with serve("bench") as server:
        for path, data in contents.items():
            server.put("bench", f"run/{path}", data, None)
        server.latency = latency
        pipe.send(server.url)
        counted = 0
        while pipe.recv() == "count":
            pipe.send(len(server.requests) - counted)
            counted = len(server.requests)


if __name__ == "__main__":
    main()
