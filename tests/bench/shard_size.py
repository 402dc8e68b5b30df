"""What examples cost as shards grow: CPU and peak memory of making them, by the size of the shard.

    python tests/bench/shard_size.py --megabytes 50 200 700 [--dupe-factor 1]

Documents are random ids, 4.5 bytes of text each as CORD-19's pieces are. Each size runs in a process of its own. CPU
for each MB should not grow with the shard: beyond ``jobs.examples.mapped.RESIDENT`` files are read with system calls.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from jobs.examples.creation import write_examples
from jobs.examples.encoded import DocumentEncoder, EncodedDocuments
from jobs.recipe import load_recipe
from jobs.vocabulary import SPECIALS, Vocabulary

BYTES_A_PIECE = 4.5
VOCABULARY = Vocabulary((*SPECIALS, *(f"w{n}" for n in range(20_000)), *(f"##w{n}" for n in range(8_000))))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=int, nargs="+", default=[50, 200, 700], help="of text in the shard")
    parser.add_argument("--dupe-factor", type=int, default=1)
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        measure(options.megabytes[0], options.dupe_factor)
        return
    for megabytes in options.megabytes:
        arguments = ["--megabytes", str(megabytes), "--dupe-factor", str(options.dupe_factor), "--here"]
        subprocess.run([sys.executable, __file__, *arguments], check=True)


def measure(megabytes: int, dupe_factor: int) -> None:
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        documents = made(Path(directory), round(megabytes * 1e6 / BYTES_A_PIECE))
        before = resource.getrusage(resource.RUSAGE_SELF)
        lengths = write_examples(
            documents,
            VOCABULARY,
            load_recipe("clinical").examples,
            Path(directory) / "made.tfrecord",
            dupe_factor=dupe_factor,
            random_seed=1,
            before_document=lambda: None,
        )
        after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{megabytes:5,} MB: {lengths.sum():10,} examples, {cpu:6.2f} s CPU, {1000 * cpu / megabytes:5.1f} ms for each "
        f"MB, {after.ru_maxrss / 1024:6,.0f} MB of memory at most",
        flush=True,
    )


def made(directory: Path, pieces: int) -> EncodedDocuments:
    random = np.random.default_rng(1)
    encoder = DocumentEncoder(directory / "made.ids", len(VOCABULARY))
    done = 0
    while done < pieces:
        ends = np.cumsum(random.integers(8, 50, 180)).astype(np.int64)
        encoder.add(random.integers(len(SPECIALS), len(VOCABULARY), ends[-1]).astype(np.int32), ends)
        done += int(ends[-1])
    return encoder.finish()


if __name__ == "__main__":
    main()
