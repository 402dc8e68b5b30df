"""How many documents a second ``embed`` makes vectors of, against batches in the documents' own order.

    python tests/bench/embed.py                       a BERT-base with random weights
    python tests/bench/embed.py --width 128 --layers 2

Lengths are drawn as those of titles with abstracts are: most texts fill the 256 tokens that the embedder reads, and a
few are titles alone. Ours batches texts of like length; the other side takes 32 at a time as they come and pads them to
the longest, as sentence-transformers does without its own sorting. Both run the same model in this process, turn about.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import numpy as np
import repository_root  # noqa: F401
from numpy.typing import NDArray

from jobs.model.bert import Bert, BertConfig
from jobs.model.devices import find_devices
from jobs.model.embedder import Embedder, sentence_vectors
from jobs.model.pairs import Ids, padded

import tensorflow as tf  # isort: skip  # after jobs.model, which holds back its greeting

VOCABULARY, LONGEST, PLAIN_BATCH = 28_996, 256, 32
TITLE_ALONE = 0.2
"""Share of the documents without an abstract."""
Encode = Callable[[], NDArray[np.float32]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--documents", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    devices = find_devices()
    with devices.strategy.scope():
        model = Bert(
            BertConfig(
                vocab_size=VOCABULARY,
                hidden_size=options.width,
                num_hidden_layers=options.layers,
                num_attention_heads=options.width // 64,
                intermediate_size=4 * options.width,
            )
        )
    texts = drawn(options.documents)
    embedder = Embedder(model, devices)
    sides: dict[str, Encode] = {"ours": lambda: embedder.encode(texts), "in order": in_order(model, texts)}
    vectors = {name: encode() for name, encode in sides.items()}  # traces, too
    furthest = float(np.abs(vectors["ours"] - vectors["in order"]).max())
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
    for _ in range(options.rounds):
        for name, encode in sides.items():
            times[name].append(timed(encode))
    print(f"{len(texts):,} documents, {sum(map(len, texts)) / len(texts):.0f} tokens on average, {devices}")
    for name, runs in times.items():
        wall, cpu = (min(run) for run in zip(*runs, strict=True))
        print(f"{name:<9} {len(texts) / wall:>8.1f} documents/s, CPU {cpu / len(texts) * 1000:>6.1f} ms a document")
    ratio = min(cpu for _, cpu in times["in order"]) / min(cpu for _, cpu in times["ours"])
    print(f"CPU {ratio:.2f} to 1; the vectors differ by {furthest:.1e} at most")


def drawn(count: int) -> list[Ids]:
    """Texts of random pieces, the same at every run."""
    random = np.random.default_rng(0)
    abstracts = np.clip(random.lognormal(5.6, 0.5, count), 40, LONGEST)
    lengths = np.where(random.random(count) < TITLE_ALONE, random.integers(8, 40, count), abstracts).astype(int)
    return [random.integers(5, VOCABULARY, length).astype(np.int32) for length in lengths]


def in_order(model: Bert, texts: list[Ids]) -> Encode:
    @tf.function  # type: ignore[untyped-decorator]
    def vectors(ids: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
        return sentence_vectors(model, ids, mask)

    def encode() -> NDArray[np.float32]:
        batches = [texts[start : start + PLAIN_BATCH] for start in range(0, len(texts), PLAIN_BATCH)]
        made = [vectors(*map(tf.constant, padded(batch, max(map(len, batch))))).numpy() for batch in batches]
        return np.concatenate(made)

    return encode


def timed(run: Encode) -> tuple[float, float]:
    """Seconds of wall time and of the CPU."""
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
