"""What a query costs from a cold command, on an index of made-up vectors and papers.

    python tests/bench/search.py --papers 1000000 --width 768 --layers 12

Builds the index once below ``--directory`` (1.5 GB for a million vectors of 768 numbers), then starts a new process for
each query, and prints its CPU seconds and wall time, with the share of the ten nearest vectors that brute force finds
too.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import repository_root  # noqa: F401
from numpy.typing import NDArray

from jobs.search import lexical, vectors
from jobs.search.paper import Paper
from tests.jobs.search.made import VOCABULARY, embedder

QUERY = """
import json, sys, time
started = time.perf_counter()
from pathlib import Path
from jobs.search.engine import Layout, Mode, SearchEngine
directory = Path(sys.argv[1])
engine = SearchEngine(Layout(directory / "words", directory / "vectors.faiss", directory / "embedder"), Mode.BM25)
answer = engine.search(sys.argv[3], mode=Mode(sys.argv[2]))
print(json.dumps([hit.paper.cord_uid for hit in answer.hits]))
print(time.process_time(), time.perf_counter() - started)
assert "tensorflow" not in sys.modules and "torch" not in sys.modules
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=200_000)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--directory", type=Path, required=True)
    args = parser.parse_args()
    build(args.directory, args.papers, args.width, args.layers)
    words = VOCABULARY[5:]
    for mode in ("bm25", "dense", "hybrid"):
        spent, walls = [], []
        for turn in range(args.rounds + 1):
            text = " ".join(words[(turn + i) % len(words)] for i in range(4))
            command = [sys.executable, "-c", QUERY, str(args.directory), mode, text]
            ran = subprocess.run(command, capture_output=True, text=True, check=True)
            cpu, wall = map(float, ran.stdout.splitlines()[1].split())
            if turn:  # the first brings the files into memory
                spent.append(cpu)
                walls.append(wall)
        print(f"{mode:<7} CPU {min(spent):.2f} to {max(spent):.2f} s, wall {statistics.median(walls):.2f} s (median)")
    print(f"recall@10 against brute force: {recall(args.directory, args.width):.3f}")
    print(f"largest process: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3:,.0f} MB")


def build(directory: Path, papers: int, width: int, layers: int) -> None:
    marker = directory / f"{papers}-{width}-{layers}.json"
    if marker.exists():
        return
    embedder(directory / "embedder", width=width, layers=layers)
    started = time.process_time()
    vectors.write_index(directory / "vectors.faiss", width, parts(papers, width))
    indexed = time.process_time()
    (directory / "words").mkdir()
    lexical.build(directory / "words", made_up(papers))
    print(f"vectors {indexed - started:.1f} s of CPU, words {time.process_time() - indexed:.1f} s")
    marker.write_text(json.dumps({}))


def parts(papers: int, width: int) -> Iterator[NDArray[np.float32]]:
    draws = np.random.default_rng(0)
    for start in range(0, papers, 50_000):
        part = draws.normal(size=(min(50_000, papers - start), width)).astype(np.float32)
        yield part / np.linalg.norm(part, axis=1, keepdims=True)


def made_up(papers: int) -> Iterator[Paper]:
    draws = np.random.default_rng(1)
    words = [*VOCABULARY[5:], *(f"word{i}" for i in range(20_000))]
    for number in range(papers):
        # Zipf-like: small ranks are drawn often.
        ranks = (len(words) ** draws.random(160)).astype(int) % len(words)
        text = " ".join(words[rank] for rank in ranks)
        yield Paper(f"p{number}", text[:80], text[80:], 2020)


def recall(directory: Path, width: int) -> float:
    index = vectors.VectorIndex(directory / "vectors.faiss")
    draws = np.random.default_rng(2)
    queries = draws.normal(size=(5, width)).astype(np.float32)
    best = [np.empty((0, 2)) for _ in queries]
    for start in range(0, len(index), 50_000):
        block = np.stack([index.vector(row) for row in range(start, min(start + 50_000, len(index)))])
        for number, query in enumerate(queries):
            scores = block @ query
            top = np.argsort(-scores)[:10]
            best[number] = np.concatenate([best[number], np.column_stack([scores[top], top + start])])
    found = 0
    for number, query in enumerate(queries):
        exact = best[number][np.argsort(-best[number][:, 0])[:10], 1].astype(int)
        found += len({row for row, _ in index.search(query, 10)} & set(exact.tolist()))
    return found / (10 * len(queries))


if __name__ == "__main__":
    main()
