"""How fast training examples are read: examples per second of CPU time.

    python tests/bench/input.py                     made-up examples of 128 positions and 20 predictions
    python tests/bench/input.py a.tfrecord b...     files of that size that are there

BatchSampler batches, parsed and checked, as training reads them: with the masks that they have, and masked anew.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import repository_root  # noqa: F401

from jobs.model.bert import BertConfig
from jobs.model.dataset import ExampleDataset, Shard
from jobs.model.masking import Masking
from jobs.model.records import RecordFile
from jobs.model.sampler import BatchSampler
from jobs.vocabulary import SPECIALS, Vocabulary
from tests.jobs.model.made import make_example, serialized

import tensorflow as tf  # isort: skip  # after jobs.model, which holds back its greeting

LENGTH, PREDICTIONS, VOCABULARY = 128, 20, 28_996


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--batch-size", type=int, default=512)
    parser.add_argument("--batches", type=int, default=40, help="per round")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        files = options.files or make_files(Path(place), files=4, examples=5_000)
        report(files, options.batch_size, options.batches, options.rounds)


def report(files: list[Path], batch_size: int, batches: int, rounds: int) -> None:
    began = time.process_time()
    indexed = [RecordFile(str(path), path) for path in files]
    count = sum(map(len, indexed))
    print(f"{count:,} examples of {sum(path.stat().st_size for path in files) / count:.0f} bytes")
    print(f"{'checked and indexed, once':24} {count / (time.process_time() - began):>10,.0f} examples/s")

    shards = [Shard(path.name, len(file), partial(Path, path)) for file, path in zip(indexed, files, strict=True)]
    config = BertConfig(
        vocab_size=VOCABULARY, hidden_size=8, num_hidden_layers=1, num_attention_heads=1, intermediate_size=8
    )
    with closing(
        ExampleDataset(shards, config, max_seq_length=LENGTH, max_predictions_per_seq=PREDICTIONS)
    ) as examples:
        tokens = (*SPECIALS, *(f"{'##' if n % 3 == 0 else ''}{n}" for n in range(VOCABULARY - len(SPECIALS))))
        ways = {
            "batches": None,
            "batches, masked anew": Masking.of(Vocabulary(tokens), share=0.15, whole_words=True),
        }
        shuffled = {
            way: BatchSampler(examples, batch_size=batch_size, seed=1, masking=masking) for way, masking in ways.items()
        }
        rates = {way: list[float]() for way in ways}
        for turn in range(rounds):
            for way in ways:
                rates[way].append(rate(shuffled[way], turn * batches, batches, batch_size))
    for way, found in rates.items():
        print(f"{way:24} {statistics.median(found):>10,.0f} examples/s (of {rounds} rounds, least {min(found):,.0f})")


def rate(shuffled: BatchSampler, first: int, batches: int, batch_size: int) -> float:
    """From the CPU time of all threads, choosing the examples included."""
    began = time.process_time()
    for step in range(first, first + batches):
        shuffled.batch(step)
    return batches * batch_size / (time.process_time() - began)


def make_files(place: Path, *, files: int, examples: int) -> list[Path]:
    rng = np.random.default_rng(0)
    paths = [place / f"{number}.tfrecord" for number in range(files)]
    for path in paths:
        with tf.io.TFRecordWriter(str(path)) as writer:
            for _ in range(examples):
                example = make_example(rng, length=LENGTH, predictions=PREDICTIONS, vocabulary=VOCABULARY)
                writer.write(serialized(example))
    return paths


if __name__ == "__main__":
    main()
