"""What ``ingest`` costs beside merely unpacking the same archive: CPU seconds, MB/s, peak memory.

    python tests/bench/ingest.py RELEASE.tar.gz                            a release as AI2 publishes it
    python tests/bench/ingest.py made.tar.gz --from DIR --papers 20000     made first from a CORD-19 directory

Each side runs as a process of its own, one after the other, ``--rounds`` times.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path

from jobs.artifact import Artifact
from jobs.corpus.cord19.layouts import COLUMNS
from jobs.corpus.reading.fingerprint import fingerprint
from jobs.files.place import locate
from jobs.spec import Kind, Spec
from jobs.store import Store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--from", dest="source", type=Path, help="a CORD-19 directory whose papers are multiplied")
    parser.add_argument("--papers", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=2)
    options = parser.parse_args()
    if options.source and not options.archive.exists():
        make_release(options.source, options.papers, options.archive)
    inner = inner_archive(options.archive)
    print(f"{options.archive.stat().st_size / 1e6:,.0f} MB packed")
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="bench-") as place:
            unpack = f"tar -xzOf {options.archive} {inner} | tar -xzf - -C {place}"
            report("unpack to disk", *measure(["bash", "-c", unpack]))
        gunzip = f"tar -xzOf {options.archive} {inner} | gunzip -c > /dev/null"
        report("gunzip", *measure(["bash", "-c", gunzip]))
        with tempfile.TemporaryDirectory(prefix="bench-") as place:
            report("ingest", *measure(ingest_command(options.archive, Path(place)), TMPDIR=place))


def measure(command: list[str], **environment: str) -> tuple[float, float, int]:
    """CPU seconds with children, wall seconds, peak memory in MB of the largest process."""
    started = time.monotonic()
    process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(process.stderr.read().decode() if process.stderr else f"{command} failed")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - started, usage.ru_maxrss // 1024


def report(name: str, cpu: float, wall: float, peak: int) -> None:
    print(f"{name:16} {cpu:7.1f} s CPU {wall:7.1f} s wall {peak:6,} MB peak", flush=True)


def ingest_command(archive: Path, place: Path) -> list[str]:
    settings = {"document_shards": 8, "validation_share": 0.01, "max_quarantined_share": 0.05}
    spec = Spec(Kind.INGEST, settings, {"corpus": fingerprint(locate(str(archive)))})
    artifact = Artifact(Store(str(place / "bucket")), spec)
    artifact.submit()
    step = [sys.executable, "-m", "jobs", "ingest", "--bucket", str(place / "bucket"), "--name", artifact.name]
    return [*step, "--corpus", str(archive)]


def inner_archive(archive: Path) -> str:
    with tarfile.open(archive, "r|gz") as tar:
        return next(m.name for m in tar if m.name.endswith("document_parses.tar.gz"))


def make_release(source: Path, papers: int, target: Path) -> None:
    """``papers`` papers as AI2 packs them: the source's again and again, no two alike, metadata in another order."""
    parses = [json.loads(path.read_bytes()) for path in sorted(source.glob("document_parses/*/*.json"))]
    rng = random.Random(1)
    rows = []
    with tempfile.TemporaryFile() as packed:
        with (
            gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=6) as zipped,
            tarfile.open(fileobj=zipped, mode="w|") as tar,
        ):
            for number in range(papers):
                parse = parses[number % len(parses)]
                sha = hashlib.sha1(str(number).encode()).hexdigest()
                body = [{**p, "text": f"{p['text']} Variant {rng.random():.6f}."} for p in parse["body_text"]]
                path = f"document_parses/pdf_json/{sha}.json"
                _add(tar, path, json.dumps({**parse, "paper_id": sha, "body_text": body}, indent=4).encode())
                rows.append({"cord_uid": f"u{number:07}", "abstract": f"About {number}. " * 80, "pdf_json_files": path})
        rng.shuffle(rows)
        table = io.StringIO()
        writer = csv.DictWriter(table, COLUMNS.split(","), restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        with tarfile.open(target, "w:gz", compresslevel=1) as tar:
            info = tarfile.TarInfo("2021-01-01/document_parses.tar.gz")
            info.size = packed.tell()
            packed.seek(0)
            tar.addfile(info, packed)
            _add(tar, "2021-01-01/metadata.csv", table.getvalue().encode())


def _add(tar: tarfile.TarFile, path: str, data: bytes) -> None:
    info = tarfile.TarInfo(path)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


if __name__ == "__main__":
    main()
