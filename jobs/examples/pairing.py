"""Sentences to pairs for next-sentence prediction, as google-research/bert's ``create_pretraining_data.py``.

The original's quirks are kept, because the published models were made with them:

* The target length, and with probability ``short_seq_prob`` a shorter one, is drawn once per document.
* A chunk of one sentence has no actual next: it gets a random one, so that more than half are random.
* After ten draws the "random" document may still be the same one.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Sentence = Sequence[int]
"""WordPiece ids."""

SPECIAL_TOKENS = 3
"""[CLS] A [SEP] B [SEP]."""


@dataclass(frozen=True)
class Pair:
    """Two runs of sentences, together at most ``max_seq_length - 3`` ids, neither empty."""

    first: list[int]
    second: list[int]
    is_random_next: bool


def pair_document(
    documents: Sequence[Sequence[Sentence]],
    index: int,
    *,
    max_seq_length: int,
    short_seq_prob: float,
    rng: random.Random,
) -> Iterator[Pair]:
    """The pairs of ``documents[index]``; other documents lend random seconds.

    Draws from ``rng`` between pairs: who consumes the pairs and draws from the same ``rng`` (masking)
    must do so pair by pair, in this order, to reproduce the original's stream.
    """
    document = documents[index]
    room = max_seq_length - SPECIAL_TOKENS
    target = room
    if rng.random() < short_seq_prob:
        target = rng.randint(2, room)

    position = 0
    while position < len(document):
        chunk = _take(document, position, target)
        position += len(chunk)
        first_sentences = rng.randint(1, len(chunk) - 1) if len(chunk) >= 2 else 1
        first = _joined(chunk[:first_sentences])
        is_random_next = len(chunk) == 1 or rng.random() < 0.5
        if is_random_next:
            second = _random_second(documents, index, target - len(first), rng)
            position -= len(chunk) - first_sentences  # the unused sentences are paired again
        else:
            second = _joined(chunk[first_sentences:])
        _truncate(first, second, room, rng)
        yield Pair(first, second, is_random_next)


def _take(document: Sequence[Sentence], start: int, target: int) -> Sequence[Sentence]:
    """The sentences from ``start`` until they hold ``target`` ids, or the document ends."""
    length = 0
    for end in range(start, len(document)):
        length += len(document[end])
        if length >= target:
            return document[start : end + 1]
    return document[start:]


def _random_second(documents: Sequence[Sequence[Sentence]], index: int, target: int, rng: random.Random) -> list[int]:
    """Sentences from a random place of a random document until they hold ``target`` ids."""
    for _ in range(10):
        other = rng.randint(0, len(documents) - 1)
        if other != index:
            break
    document = documents[other]
    return _joined(_take(document, rng.randint(0, len(document) - 1), target))


def _truncate(first: list[int], second: list[int], room: int, rng: random.Random) -> None:
    """Shorten the longer one, at a random end, id by id, until both fit."""
    while len(first) + len(second) > room:
        longer = first if len(first) > len(second) else second
        if rng.random() < 0.5:
            del longer[0]
        else:
            longer.pop()


def _joined(sentences: Sequence[Sentence]) -> list[int]:
    return [piece for sentence in sentences for piece in sentence]
