"""Our sentence splitter beside blingfire's: the tricky cases each gets right, and their speed on a text.

    python tests/bench/sentences.py TEXT_FILE [--rounds 5]

Both run in this process, in turn, on each paragraph (line) of the file; times are of the CPU, the best of
all rounds. Without blingfire (``pip install blingfire==0.1.8 numpy``) only ours is measured.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "jobs" / "corpus" / "cleaning")]

from sentence_cases import CASES, expected, text  # noqa: E402

from jobs.corpus.cleaning.sentences import split_sentences  # noqa: E402

Splitter = Callable[[str], list[str]]


def splitters() -> dict[str, Splitter]:
    try:
        import blingfire
    except ImportError:
        print("blingfire is not installed: pip install blingfire==0.1.8 numpy")
        return {"ours": split_sentences}
    return {"ours": split_sentences, "blingfire": lambda paragraph: blingfire.text_to_sentences(paragraph).split("\n")}


def seconds(split: Splitter, paragraphs: Sequence[str]) -> float:
    started = time.process_time()
    for paragraph in paragraphs:
        split(paragraph)
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path, help="UTF-8, one paragraph a line")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    paragraphs = [line for line in arguments.text.read_text(encoding="utf-8").split("\n") if line]
    megabytes = sum(len(paragraph.encode()) for paragraph in paragraphs) / 1e6

    both = splitters()
    best = dict.fromkeys(both, float("inf"))
    for _ in range(arguments.rounds):
        for name, split in both.items():
            best[name] = min(best[name], seconds(split, paragraphs))
    for name, split in both.items():
        right = sum(split(text(case)) == expected(case) for case in CASES)
        print(f"{name:10} {right}/{len(CASES)} cases right  {megabytes / best[name]:6.1f} MB/s")
    if "blingfire" in best:
        print(f"ratio      {best['blingfire'] / best['ours']:.2f} times blingfire's speed")


if __name__ == "__main__":
    main()
