"""What a ``preprocess`` worker takes: the time until its first document, and its memory as shards grow.

    python tests/bench/worker.py CORD-19-DIRECTORY --vocab VOCAB --megabytes 30 300

Each shard holds the directory's documents again and again, under new cord_uids, until their text has that size;
the worker is ``python -m jobs preprocess``, as in a container. ``own`` memory is what only ending it would free;
``mapped`` is the scratch files' pages that it has in sight, which the system takes back when it needs them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from jobs.artifact import Artifact
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.shards import DocumentShards
from jobs.corpus.documents.workspace import Workspace
from jobs.corpus.reading.open_corpus import open_corpus
from jobs.corpus.screening.minhash import PERMUTATIONS
from jobs.corpus.screening.near_duplicates import Signatures
from jobs.corpus.screening.signature_shards import SignatureShard
from jobs.files.place import locate
from jobs.named_vocabulary import give_vocabulary
from jobs.recipe import load_recipe, settings_of
from jobs.spec import Kind, Spec
from jobs.steps.signatures import finalize
from jobs.store import Store

RECIPE = load_recipe("clinical")
IMPORTS = "import sys, jobs.__main__, jobs.steps.preprocess; sys.exit('tensorflow' in sys.modules)"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path, help="a CORD-19 directory")
    parser.add_argument("--vocab", type=Path, required=True)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[30, 300], help="of text in the shard")
    parser.add_argument("--rounds", type=int, default=5, help="of starting; the best counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        documents = documents_of(options.corpus, Path(place))
    imports = min(cpu_of([sys.executable, "-c", IMPORTS]) for _ in range(options.rounds))
    print(f"imports        {imports:.2f} s CPU, without tensorflow")
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        bucket, name = submitted(documents, 0, options.vocab, Path(place))
        starts = [first_document(bucket, name) for _ in range(options.rounds)]
        cpu, wall = (min(times) for times in zip(*starts, strict=True))
        print(f"first document {cpu:.2f} s CPU, {wall:.2f} s wall after its start", flush=True)
    for megabytes in options.megabytes:
        with tempfile.TemporaryDirectory(prefix="bench-") as place:
            bucket, name = submitted(documents, megabytes * 10**6, options.vocab, Path(place))
            print(f"{megabytes:6,} MB of text: {peaks(bucket, name)}", flush=True)


def documents_of(corpus: Path, scratch: Path) -> list[Document]:
    with Workspace(scratch, lambda *_: None) as bench:
        opened, _ = open_corpus(locate(str(corpus)), bench)
        return [outcome.document for outcome in opened.outcomes() if outcome.document]


def submitted(documents: Sequence[Document], size: int, vocab: Path, place: Path) -> tuple[Path, str]:
    """A bucket in which one shard of ``size`` bytes of text waits for ``preprocess``, and that step's name."""
    bucket = place / "bucket"
    store = Store(str(bucket))
    vocabulary = give_vocabulary(store, vocab.read_bytes())
    cord_uids: list[str] = []
    shard, written = place / "shard", 0
    with DocumentShards([shard]) as shards:
        while written < size or not cord_uids:
            for document in documents:
                cord_uids.append(f"{len(cord_uids):08d}")
                shards.write(replace(document, cord_uid=cord_uids[-1]))
                written += document.text_bytes
    kept = {"documents": {"read": len(cord_uids), "kept": len(cord_uids), "dropped": {}, "quarantined": 0}}
    ingest = Artifact(store, Spec(Kind.INGEST, settings_of(Kind.INGEST, RECIPE), {"corpus": "made"}))
    ingest.submit()
    outputs = [ingest.upload("documents/00000.jsonl.zst", shard)]
    outputs.append(ingest.write("held_out.txt", "".join(f"{uid}\n" for uid in cord_uids[::100]).encode()))
    ingest.commit(0, outputs, counts=kept)
    ingest.finish()
    shard.unlink()

    # Random signatures: the same paper again must not be found to be a near-duplicate.
    columns = np.random.default_rng(1).integers(0, 1 << 16, (len(cord_uids), PERMUTATIONS), np.uint16)
    ones = np.ones(len(cord_uids))
    passed = SignatureShard({}, Signatures(cord_uids, ones.astype(np.bool_), ones.astype(np.uint32), columns))
    filters = settings_of(Kind.SIGNATURES, RECIPE)
    signatures = Artifact(store, Spec(Kind.SIGNATURES, filters, {"documents": ingest.name}))
    signatures.submit()
    screened: dict[str, dict[str, int]] = {"languages": {}, "licenses": {}, "sources": {}}
    signatures.commit(0, [signatures.write("signatures/00000.bin", passed.to_bytes())], counts={**kept, **screened})
    signatures.finish(finalize)

    inputs = {"documents": ingest.name, "signatures": signatures.name, "vocabulary": vocabulary}
    preprocess = Artifact(store, Spec(Kind.PREPROCESS, settings_of(Kind.PREPROCESS, RECIPE), inputs))
    preprocess.submit()
    return bucket, preprocess.name


def worker(bucket: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "jobs", "preprocess", "--bucket", str(bucket), "--name", name]
    return subprocess.Popen(command, env={**os.environ, "TMPDIR": str(bucket.parent)}, stderr=subprocess.DEVNULL)


def cpu_of(command: Sequence[str]) -> float:
    process = subprocess.Popen(command)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(command)}: exit status {status}")
    return usage.ru_utime + usage.ru_stime


def first_document(bucket: Path, name: str) -> tuple[float, float]:
    """Seconds of CPU and wall from a worker's start to its first heartbeat, which is for its first document."""
    heartbeat = bucket / name / "progress" / "00000.json"
    heartbeat.unlink(missing_ok=True)
    started = time.monotonic()
    process = worker(bucket, name)
    while not heartbeat.exists():
        if process.poll() is not None:
            sys.exit(f"the worker ended with {process.returncode} before its first document")
        time.sleep(0.002)
    wall = time.monotonic() - started
    process.kill()
    _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime, wall


def peaks(bucket: Path, name: str) -> str:
    """One whole run. Peak memory as sampled twenty times a second; the whole's is the kernel's own figure."""
    process = worker(bucket, name)
    most = {"RssAnon": 0, "RssFile": 0}
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            field, _, value = line.partition(":")
            if field in most:
                most[field] = max(most[field], int(value.split()[0]))
        time.sleep(0.05)
    if status:
        sys.exit(f"the worker ended with status {status}")
    own, mapped, whole = (kilobytes / 1024 for kilobytes in (*most.values(), usage.ru_maxrss))
    cpu = usage.ru_utime + usage.ru_stime
    return f"{own:5.0f} MB own, {mapped:5.0f} MB mapped, {whole:5.0f} MB together at most; {cpu:.0f} s CPU"


if __name__ == "__main__":
    main()
