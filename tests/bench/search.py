"""What ``covid-ctl search`` costs: the whole command, started anew for each query, on made-up papers and vectors.

    python tests/bench/search.py --papers 1000000 --width 768 --layers 12 --directory /somewhere

Makes a bucket with an index once (5 GB for a million papers) and lets the command stage it, as a user's first search
does. Then it starts a new process for each query, prints its CPU seconds and wall time, and compares the ten nearest
vectors with those that brute force finds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import repository_root
from numpy.typing import NDArray

from jobs.search import vectors
from jobs.search.paper import Paper
from tests.jobs.search.bucket import index_step
from tests.jobs.search.made import VOCABULARY, embedder

BERT_PIECES = 28_996
WORDS = [*VOCABULARY[5:], *(f"word{i}" for i in range(20_000))]
AT_ONCE = 50_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=200_000)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--directory", type=Path, required=True)
    args = parser.parse_args()
    name = built(args.directory, args.papers, args.width, args.layers)
    for mode in ("bm25", "dense", "hybrid"):
        query(args.directory, name, mode, 0)  # brings the files into memory
        runs = [query(args.directory, name, mode, turn) for turn in range(1, args.rounds + 1)]
        spent = [run.cpu for run in runs]
        wall, largest = statistics.median(run.wall for run in runs), max(run.megabytes for run in runs)
        print(f"{mode:<7} CPU {min(spent):.2f} to {max(spent):.2f} s, wall {wall:.2f} s (median), {largest:,.0f} MB")
    print(f"recall@10 against brute force: {recall(args.directory / 'cache/covid-ctl' / name, args.width):.3f}")


@dataclass(frozen=True)
class Run:
    cpu: float
    """Seconds, of user and system together."""
    wall: float
    megabytes: float
    """The largest resident set; pages of mapped files count."""


def query(directory: Path, name: str, mode: str, turn: int) -> Run:
    """One command, from its start to its exit."""
    text = " ".join(WORDS[(turn + i) % 20] for i in range(4))
    command = [sys.executable, "-m", "controller", "search", text, "--mode", mode, "--index", name]
    environment = {**os.environ, "COVID_CTL_BUCKET": str(directory / "bucket"), "PYTHONPATH": str(repository_root.ROOT)}
    environment["XDG_CACHE_HOME"] = str(directory / "cache")
    # As of an installed package, the modules are compiled already.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    environment["PYTHONPYCACHEPREFIX"] = str(directory / "compiled")
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, cwd=directory, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Run(usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1e3)


def built(directory: Path, papers: int, width: int, layers: int) -> str:
    """The name of the index, made unless ``directory`` has it."""
    record = directory / f"{papers}-{width}-{layers}.json"
    if not record.exists():
        directory.mkdir(parents=True, exist_ok=True)
        started = time.process_time()
        model = embedder(directory / f"embedder-{width}-{layers}", width=width, layers=layers, pieces=BERT_PIECES)
        name = index_step(directory / "bucket", model, made_up(papers), parts(papers, width), recipe=f"bench{papers}")
        print(f"bucket made in {time.process_time() - started:.0f} s of CPU")
        first = query(directory, name, "bm25", 0)
        print(f"first search, which stages: CPU {first.cpu:.0f} s, {first.megabytes:,.0f} MB")
        record.write_text(json.dumps(name))
    name = json.loads(record.read_text())
    return str(name)


def parts(papers: int, width: int) -> Iterator[NDArray[np.float32]]:
    """Unit vectors in half precision, as the embed step stores them."""
    draws = np.random.default_rng(0)
    for start in range(0, papers, AT_ONCE):
        part = draws.standard_normal((min(AT_ONCE, papers - start), width), np.float32)
        yield (part / np.linalg.norm(part, axis=1, keepdims=True)).astype(np.float16).astype(np.float32)


def made_up(papers: int) -> Iterator[Paper]:
    """Papers of 160 words in sentences of 20, with frequencies that follow Zipf's law."""
    draws, words = np.random.default_rng(1), np.array(WORDS)
    for number in range(papers):
        # Small ranks are drawn often.
        ranks = (len(words) ** draws.random((8, 20))).astype(int) % len(words)
        text = " ".join(" ".join(sentence).capitalize() + "." for sentence in words[ranks].tolist())
        yield Paper(f"p{number}", text[:80], text[80:], 2000 + number % 24, "", ("cc-by", "cc0")[number % 2], "PMC")


def recall(staged: Path, width: int) -> float:
    """The share of the ten nearest by brute force, in float32, among the ten that the index finds."""
    index = vectors.VectorIndex(staged / "vectors.faiss")
    queries = np.random.default_rng(2).standard_normal((5, width), np.float32)
    best = [np.empty((0, 2)) for _ in queries]
    start = 0
    for block in parts(len(index), width):
        for number, scores in enumerate(queries @ block.T):
            top = np.argpartition(-scores, 10)[:10]
            best[number] = np.concatenate([best[number], np.column_stack([scores[top], top + start])])
        start += len(block)
    found = 0
    for number, text in enumerate(queries):
        exact = best[number][np.argsort(-best[number][:, 0])[:10], 1].astype(int)
        (nearest,) = index.search([vectors.Wanted(text, 10)])
        found += len({row for row, _ in nearest} & set(exact.tolist()))
    return found / (10 * len(queries))


if __name__ == "__main__":
    main()
