"""How long the search server takes for each of many queries at once, by its own clock.

    python tests/bench/serving.py --papers 200000 --directory /somewhere

Starts ``covid-ctl search --serve`` on the index of ``search.py``, made if it is not there. Clients that ask without a
pause send queries that differ from each other; the Server-Timing header of each answer says how long the server had it.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import repository_root
from search import WORDS, built


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=200_000)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--queries", type=int, default=200, help="for each mode and number of clients")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--directory", type=Path, required=True)
    args = parser.parse_args()
    name = built(args.directory, args.papers, args.width, args.layers)
    with served(args.directory, name) as (address, pid):
        for mode, clients in itertools.product(("bm25", "dense", "hybrid"), args.clients):
            took(address, mode, 10, clients)
            before, started = cpu_seconds(pid), time.perf_counter()
            times = sorted(took(address, mode, args.queries, clients))
            cpu, wall = cpu_seconds(pid) - before, time.perf_counter() - started
            print(
                f"{mode:<7}{clients:>3} clients: median {statistics.median(times):.0f} ms, "
                f"p95 {times[int(0.95 * len(times))]:.0f} ms, {len(times) / wall:.0f} queries/s, "
                f"{1000 * cpu / len(times):.0f} ms of CPU each",
                flush=True,
            )


@contextmanager
def served(directory: Path, name: str) -> Iterator[tuple[str, int]]:
    """The server's host and port, and its process."""
    command = [sys.executable, "-m", "controller", "search", "--serve", "--port", "0", "--index", name]
    environment = {**os.environ, "COVID_CTL_BUCKET": str(directory / "bucket"), "PYTHONPATH": str(repository_root.ROOT)}
    environment["XDG_CACHE_HOME"] = str(directory / "cache")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert process.stdout
        found = re.match(r"http://([^/]+)/", process.stdout.readline())
        assert found
        yield found[1], process.pid
    finally:
        process.terminate()
        process.wait()


def took(address: str, mode: str, queries: int, clients: int) -> list[float]:
    """Milliseconds that the server had each query, of so many clients at once."""
    with ThreadPoolExecutor(clients) as pool:
        shares = pool.map(lambda seed: list(ask(address, mode, queries // clients, seed)), range(clients))
        return list(itertools.chain.from_iterable(shares))


def ask(address: str, mode: str, queries: int, seed: int) -> Iterator[float]:
    draws = random.Random(f"{time.time()} {seed}")
    connection = http.client.HTTPConnection(address, timeout=120)
    for _ in range(queries):
        text = " ".join(draws.sample(WORDS[:2000], 5))
        connection.request("GET", "/?" + urlencode({"q": text, "mode": mode}))
        response = connection.getresponse()
        response.read()
        assert response.status == 200, response.status
        yield float(response.headers["Server-Timing"].partition("dur=")[2])
    connection.close()


def cpu_seconds(pid: int) -> float:
    """The CPU time of all threads of a process, in user and system mode together, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
