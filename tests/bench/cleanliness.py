"""What of a corpus's sentences is not worth training on, before cleaning and after.

    python tests/bench/cleanliness.py --release DIR

Before: paragraphs as released, split into sentences. After: what ``preprocess`` trains on, without near-duplicates.
What is looked for is described here, not by the rules that remove it: plain phrases, counts and shapes.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from jobs.corpus.cleaning.clean_document import SECTIONS, document_sentences  # noqa: E402
from jobs.corpus.cleaning.sentences import split_sentences  # noqa: E402
from jobs.corpus.documents.document import Document  # noqa: E402
from jobs.corpus.documents.workspace import Workspace  # noqa: E402
from jobs.corpus.reading.open_corpus import open_corpus  # noqa: E402
from jobs.corpus.screening.decision import decide  # noqa: E402
from jobs.corpus.screening.screening import Screening  # noqa: E402
from jobs.files.place import locate  # noqa: E402
from jobs.recipe import CorpusChoice, Filters  # noqa: E402

BOILERPLATE = (
    "copyright holder", "not peer-reviewed", "not peer reviewed", "not certified by peer", "author/funder",
    "no reuse allowed", "all rights reserved", "preprint in perpetuity", "made available under a",
    "international licen",
    "medrxiv preprint", "biorxiv preprint", "this version posted", "posted online", "guide clinical practice",
    "resource centre", "resource center", "elsevier connect", "elsevier hereby", "pmc open access subset",
    "responsible for the views expressed", "creative commons", "for personal use only", "us government work",
)  # fmt: skip
SHAPES = {
    "citation": re.compile(r"\[[0-9]{1,3}(?:[,–-] ?[0-9]{1,3})*\]|\([^()]{0,60} et al\.?,? (?:19|20)[0-9]{2}[a-z]?\)"),
    "URL or e-mail": re.compile(r"https?:|www\.|\w@\w+\.\w"),
    # Before these words a number is no quantity; after those it is a name's.
    "line number": re.compile(
        r"\b(?!day|week|month|year|table|figure|fig|type|group|phase|stage|case|model|period|limit|segment|in|to|of|by|than|from|least)"
        r"[a-z]{3,} (?!19|20)[1-9][0-9]{0,3} (?:the|a|an|we|our|is|was|were|are|has|have|that|which|this|these) "
    ),
    "letter-spaced": re.compile(r"(?<!\S)(?:[A-Za-z] ){6}"),
    "begins in mid-sentence": re.compile(r"[a-z]{2,}[ ,;]"),
}
AT_THE_BEGINNING = "begins in mid-sentence"


def documents(release: str) -> list[Document]:
    with tempfile.TemporaryDirectory() as scratch, Workspace(Path(scratch)) as bench:
        corpus, _ = open_corpus(locate(release), bench)
        return [outcome.document for outcome in corpus.outcomes() if outcome.document]


def kept(corpus: Iterable[Document]) -> list[Document]:
    """What is left after the default filters."""
    corpus = list(corpus)
    screening = Screening(Filters())
    for document in corpus:
        screening.add(document)
    similarity = CorpusChoice.model_fields["near_duplicate_similarity"].default
    shard = screening.shard()
    [dropped] = decide([shard], len(shard.passed), similarity).shards
    return [document for document in corpus if document.cord_uid not in dropped]


def shares(papers: Iterable[list[str]]) -> tuple[int, dict[str, float]]:
    """Sentences in all, and of what kind how many per cent are."""
    counts: Counter[str] = Counter()
    anywhere: set[str] = set()
    total = 0
    for sentences in papers:
        here: set[str] = set()
        for sentence in sentences:
            total += 1
            lower = sentence.lower()
            counts["boilerplate"] += any(phrase in lower for phrase in BOILERPLATE)
            counts["one or two words"] += sentence.count(" ") < 2
            counts["repeated in its paper"] += sentence in here
            counts["repeated in another"] += sentence in anywhere and sentence not in here
            here.add(sentence)
            for name, shape in SHAPES.items():
                found = shape.match(sentence) if name == AT_THE_BEGINNING else shape.search(sentence)
                counts[name] += found is not None
        anywhere |= here
    names = ("boilerplate", "one or two words", "repeated in its paper", "repeated in another", *SHAPES)
    return total, {name: 100 * counts[name] / max(1, total) for name in names}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--release", required=True)
    released = documents(parser.parse_args().release)
    before, dirty = shares([s for text in document.texts for s in split_sentences(text)] for document in released)
    after, clean = shares(document_sentences(document, SECTIONS) for document in kept(released))
    print(f"{'':24}{'before':>10}{'after':>10}\n{'sentences':24}{before:10,}{after:10,}")
    for name, share in dirty.items():
        print(f"{name:24}{share:9.2f}%{clean[name]:9.2f}%")


if __name__ == "__main__":
    main()
