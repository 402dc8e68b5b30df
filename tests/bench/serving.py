"""How long the search server takes for each of many queries at once, by its own clock.

    python tests/bench/serving.py --papers 200000 --directory /somewhere

Starts ``covid-ctl search --serve`` on the index of ``search.py``, made if it is not there. First in a closed loop: so
many clients that ask again as soon as they are answered; the Server-Timing header of each answer says how long the
server had it. Then in an open one: queries come at random moments (Poisson), as people's do, whether or not the ones
before are answered; each is timed by the client from the moment when it was due. No two queries are the same.
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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
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
    parser.add_argument("--clients", type=int, nargs="*", default=[1, 2, 8])
    parser.add_argument("--rates", type=float, nargs="*", default=[5, 10, 20], help="queries a second, on average")
    parser.add_argument("--modes", nargs="+", default=["bm25", "dense", "hybrid"])
    parser.add_argument("--directory", type=Path, required=True)
    args = parser.parse_args()
    name = built(args.directory, args.papers, args.width, args.layers)
    with served(args.directory, name) as (address, pid):
        for mode, clients in itertools.product(args.modes, args.clients):
            took(address, mode, 10, clients)
            measured(f"{mode:<7}{clients:>3} clients", pid, partial(took, address, mode, args.queries, clients))
        for mode, rate in itertools.product(args.modes, args.rates):
            arriving(address, mode, 10, rate)
            measured(f"{mode:<7}{rate:>3g} queries/s arrive", pid, partial(arriving, address, mode, args.queries, rate))


def measured(what: str, pid: int, run: Callable[[], list[float]]) -> None:
    before, started = cpu_seconds(pid), time.perf_counter()
    times = sorted(run())
    cpu, wall = cpu_seconds(pid) - before, time.perf_counter() - started
    print(
        f"{what}: median {statistics.median(times):.0f} ms, p95 {times[int(0.95 * len(times))]:.0f} ms, "
        f"{len(times) / wall:.0f} queries/s, {1000 * cpu / len(times):.0f} ms of CPU each",
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


def arriving(address: str, mode: str, queries: int, rate: float) -> list[float]:
    """Milliseconds from when each query was due until it was answered."""
    draws = random.Random(f"{queries} {rate}")
    due = itertools.accumulate(draws.expovariate(rate) for _ in range(queries))
    began = time.perf_counter()

    def one(number: int, at: float) -> float:
        list(ask(address, mode, 1, number))
        return 1000 * (time.perf_counter() - began - at)

    with ThreadPoolExecutor(100) as pool:
        waiting = []
        for number, at in enumerate(due):
            time.sleep(max(0.0, began + at - time.perf_counter()))
            waiting.append(pool.submit(one, number, at))
        return [future.result() for future in waiting]


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
