"""The same masked words of held-out documents, filled in by the pretrained model and by the base."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from jobs.corpus.cleaning.clean_document import document_sentences
from jobs.corpus.documents.document import Document
from jobs.errors import ConfigurationError
from jobs.evaluation.masked_comparison import compare
from jobs.evaluation.masked_words import passages
from jobs.examples.wordpiece import WordPiece, split_words
from jobs.model.masked_loss import MaskedWordScorer
from jobs.steps.contenders import Contender


def why_not_compared(ours: Contender | None, theirs: Contender) -> str:
    """Why masked words say nothing of these two; empty where they do."""
    if ours is None:
        return "the embedder was tuned without pretraining"
    return "" if theirs.fills_masks else f"{theirs.source} has no head for masked words"


def masked_words(
    ours: Contender,
    theirs: Contender,
    documents: Sequence[Document],
    *,
    sections: Sequence[str],
    length: int,
    source: str,
    stop: Callable[[], None],
) -> dict[str, Any]:
    """Nats per word and per character. Sequences have at most ``length`` tokens; ``stop`` may raise.

    Words that one of two different vocabularies does not know are left out. Raises ``ConfigurationError``, naming
    ``source``, when the documents have no sentence.
    """
    length = min(length, ours.positions, theirs.positions)
    scorers = [_scorer(contender, length) for contender in (ours, theirs)]
    differ = (ours.vocabulary, ours.cased) != (theirs.vocabulary, theirs.cased)
    texts, owners = [], []
    for number, document in enumerate(documents):
        stop()
        sentences = [split_words(sentence) for sentence in document_sentences(document, sections)]
        sizes = _sizes([word for sentence in sentences for word in sentence], scorers, length, differ=differ)
        for text in passages(document.cord_uid, sentences, sizes, length - 2):
            texts.append(text)
            owners.append(number)
    if not texts:
        raise ConfigurationError(source, "its held-out documents have no sentence", "give a larger corpus")

    def alive(_: int) -> None:
        stop()

    sums = [
        np.bincount(owners, [float(losses.sum()) for losses in scorer.losses(texts, alive)], minlength=len(documents))
        for scorer in scorers
    ]
    words = np.bincount(owners, [len(text.masked) for text in texts], minlength=len(documents))
    letters = [sum(len(text.words[place]) for place in text.masked) for text in texts]
    characters = np.bincount(owners, letters, minlength=len(documents))
    scored = words > 0
    found = compare(*(values[scored].astype(np.float64) for values in (*sums, words, characters)))
    return {
        **asdict(found),
        "ours_perplexity": found.ours_perplexity,
        "theirs_perplexity": found.theirs_perplexity,
        "resolved": found.difference.resolved,
        "vocabularies_differ": differ,
    }


def _scorer(contender: Contender, length: int) -> MaskedWordScorer:
    encode = WordPiece(contender.vocabulary, cased=contender.cased).encode_lines
    return MaskedWordScorer(contender.load(), contender.vocabulary, encode, length)


def _sizes(words: Sequence[str], scorers: Sequence[MaskedWordScorer], length: int, *, differ: bool) -> Sequence[int]:
    """Pieces of each word, the most that either cuts it into; too many to fit for a word that is left out."""
    if not words:
        return []
    sizes = np.max([scorer.pieces(words) for scorer in scorers], axis=0)
    if differ:
        sizes[np.any([scorer.unknown(words) for scorer in scorers], axis=0)] = length
    found: list[int] = sizes.tolist()
    return found
