"""Collects the statistics of one shard of ``preprocess`` for the report, at little cost."""

from __future__ import annotations

import bisect
import hashlib
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from jobs.corpus.cleaning.clean_document import chosen_paragraphs
from jobs.corpus.cleaning.sentences import split_sentences
from jobs.corpus.documents.document import Document
from jobs.examples.encoded import EncodedDocuments
from jobs.examples.wordpiece import WordPiece, split_words
from jobs.examples.written import Example, first_examples
from jobs.report.binning import binned
from jobs.report.histogram import DOUBLING, Histogram, even_bins
from jobs.report.statistics import (
    MOST_REPEATED,
    SAMPLES,
    SEEN_EXAMPLES,
    Paper,
    Repeats,
    ResidualMarkers,
    Sample,
    SeenExample,
    Statistics,
)
from jobs.vocabulary import CONTINUATION, Vocabulary

MARKERS = (
    "All rights reserved", "Elsevier", "bioRxiv", "copyright holder", "doi", "http", "medRxiv", "peer review",
    "preprint", "without permission",
)  # fmt: skip
"""Words of notices and addresses. Some of what remains is meant: papers do write about peer review."""

MARKERS_IN_ONE_OF = 16
"""Documents: looking for the markers in every one would cost more than the rest of the report."""

LONGEST_SAMPLE = 2000
"""Characters of a paragraph that is shown: a page's worth at most."""

OPENING_WORDS, OPENING_CHARACTERS = 60, 600
"""At most so much of a paper's title, and of its text, is shown beside its near-duplicate's."""

REPEATS_AMONG = 1 << 20
"""Training sentences of a shard, the first ones: 8 MB. Shards of CORD-19 have fewer, and none needs more memory."""

SENTENCES_WITH_UNKNOWN = 2000
"""Sentences of a shard in which unknown words are looked for: with a vocabulary that fits there are fewer."""

_AT_ONCE = 1 << 20
"""Sentences or documents whose lengths are counted at a time."""


class _Candidate(NamedTuple):
    """A sample before its sentences are split: of most candidates they are never asked for."""

    rank: str
    cord_uid: str
    before: str
    after: str


class StatisticsCollector:
    """Takes a shard's documents one by one; keeps twenty paragraphs and eight bytes of each of so many sentences."""

    def __init__(self, sections: Sequence[str], seed: int) -> None:
        self._sections = sections
        self._seed = seed
        self._samples: list[_Candidate] = []
        self._documents = 0
        self._before: Counter[str] = Counter(dict.fromkeys(MARKERS, 0))
        self._after: Counter[str] = Counter(dict.fromkeys(MARKERS, 0))
        self._training = array("q")
        self._years: Counter[str] = Counter()
        self._unknown: Counter[str] = Counter()
        self._looked_at = 0
        self._papers: list[Paper] = []

    def introduce(self, document: Document) -> None:
        """One document that the report names, whether or not it is kept."""
        text = " ".join(paragraph.text for paragraph in document.abstract or document.body)
        title, opening = _beginning(document.title), _beginning(text)
        self._papers.append(Paper(document.cord_uid, title, document.publish_time, document.source, opening))

    def add(self, document: Document, cleaned: Sequence[str], sentences: Sequence[str], held_out: bool) -> None:
        """One document that is kept: its paragraphs when cleaned, and those of its sentences that have pieces."""
        year = document.publish_time[:4]
        self._years[year if year.isascii() and year.isdecimal() else ""] += 1
        digest = hashlib.sha256(f"{self._seed} {document.cord_uid}".encode()).digest()
        rank = digest[:8].hex()
        if len(self._samples) < SAMPLES or rank < self._samples[-1].rank:
            self._sample(document, cleaned, rank, int.from_bytes(digest[8:16], "big"))
        if digest[-1] % MARKERS_IN_ONE_OF == 0:
            self._look_for_markers(document, sentences)
        if not held_out and len(self._training) < REPEATS_AMONG:
            # Python has hashed them already, to find those repeated within the document. The hash differs from
            # process to process, what is equal does not: of m sentences two collide with odds of m^2 / 2^65.
            self._training.extend(map(hash, sentences))

    def find_unknown(self, wordpiece: WordPiece, sentences: Sequence[str], unknown: int, *, cased: bool) -> None:
        """The words of ``sentences``, some of which have the id ``unknown``, that became it."""
        looked_at = sentences[: SENTENCES_WITH_UNKNOWN - self._looked_at]
        self._looked_at += len(looked_at)
        words = [word for sentence in looked_at for word in split_words(sentence, cased=cased)]
        ids, ends = wordpiece.encode_lines(words)
        single = np.diff(ends, prepend=0) == 1
        lost = np.searchsorted(ends, (ids == unknown).nonzero()[0], side="right")
        self._unknown.update(words[place] for place in lost[single[lost]].tolist())

    def _sample(self, document: Document, cleaned: Sequence[str], rank: str, choice: int) -> None:
        """The first paragraph, from a random one on, that cleaning changed and that is not too long."""
        released = chosen_paragraphs(document, self._sections)
        for offset in range(len(released)):
            place = (choice + offset) % len(released)
            before, after = released[place].text, cleaned[place]
            if before != after and len(before) <= LONGEST_SAMPLE:
                bisect.insort(self._samples, _Candidate(rank, document.cord_uid, before, after))
                del self._samples[SAMPLES:]
                return

    def _look_for_markers(self, document: Document, sentences: Sequence[str]) -> None:
        released = "\n".join(paragraph.text for paragraph in chosen_paragraphs(document, self._sections))
        text = "\n".join(sentences)
        self._documents += 1
        for marker in MARKERS:
            self._before[marker] += released.count(marker)
            self._after[marker] += text.count(marker)

    def finish(
        self,
        training: EncodedDocuments,
        validation: EncodedDocuments,
        vocabulary: Vocabulary,
        example_lengths: NDArray[np.int64],
        examples: Path,
    ) -> Statistics:
        """``example_lengths`` are those of the training examples in ``examples``, as ``write_examples`` returns."""
        both = (training, validation)
        longest = len(example_lengths) - 1
        return Statistics(
            {
                "pieces_per_sentence": _lengths([d.sentence_ends for d in both], even_bins(150, 30)),
                "sentences_per_document": _lengths([d.document_ends for d in both], DOUBLING),
                "pieces_per_example": binned(example_lengths, even_bins(longest, 16)),
            },
            tuple(Sample(c.rank, c.cord_uid, c.before, tuple(split_sentences(c.after))) for c in self._samples),
            dict(sorted(self._years.items())),
            dict(sorted(self._unknown.items())),
            tuple(sorted(_seen(example, vocabulary) for example in first_examples(examples, SEEN_EXAMPLES))),
            ResidualMarkers(self._documents, dict(self._before), dict(self._after)),
            _repeats(np.array(self._training, dtype=np.int64), training, vocabulary),
            tuple(sorted(self._papers)),
        )


def _beginning(text: str) -> str:
    return " ".join(text[:OPENING_CHARACTERS].split()[:OPENING_WORDS])


def _seen(example: Example, vocabulary: Vocabulary) -> SeenExample:
    tokens = vocabulary.tokens
    length = sum(example["input_mask"])
    pieces = tuple(tokens[number] for number in example["input_ids"][:length])
    # Slots that no mask took hold zeros; position 0 is [CLS]'s.
    places = zip(example["masked_lm_positions"], example["masked_lm_ids"], strict=True)
    hidden = tuple((place, tokens[number]) for place, number in places if place)
    rank = hashlib.sha256("\0".join([*pieces, *(piece for _, piece in hidden)]).encode()).hexdigest()[:16]
    return SeenExample(rank, pieces, hidden, example["next_sentence_labels"] == [0])


def _lengths(ends: Sequence[NDArray[np.int64]], bounds: tuple[int, ...]) -> Histogram:
    """A histogram of the lengths of consecutive pieces, the first from 0, that end at ``ends``."""
    total = binned([], bounds)
    for part in ends:
        for first in range(0, len(part), _AT_ONCE):
            before = part[first - 1] if first else 0
            total += binned(np.bincount(np.diff(part[first : first + _AT_ONCE], prepend=before)), bounds)
    return total


def _repeats(hashes: NDArray[np.int64], documents: EncodedDocuments, vocabulary: Vocabulary) -> Repeats:
    """``hashes`` are those of the documents' first sentences, in order."""
    _, first, times = np.unique(hashes, return_index=True, return_counts=True)
    # Equally frequent ones in the order of the text: which of them are shown must not depend on the hash.
    order = np.lexsort((first, -times))[:MOST_REPEATED]
    most = []
    for at, count in zip(first[order].tolist(), times[order].tolist(), strict=True):
        if count > 1:
            begin = int(documents.sentence_ends[at - 1]) if at else 0
            pieces = [vocabulary.tokens[i] for i in documents.ids[begin : int(documents.sentence_ends[at])]]
            most.append((count, " ".join(pieces).replace(f" {CONTINUATION}", "")))
    return Repeats(len(hashes), len(hashes) - len(times), tuple(most))
