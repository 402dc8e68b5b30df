"""Counts words in bounded memory, whatever the size of the corpus."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

MOST_COUNTED = 2_000_000
"""Distinct words that are counted at a time: about 350 MB. All of CORD-19 has some six million."""


def count_words(sentences: Iterable[Iterable[str]]) -> Counter[str]:
    """How often each word occurs.

    Exact up to ``MOST_COUNTED`` distinct words. Beyond that the rarest are forgotten, so that half as many
    remain, and counting goes on: a forgotten word that occurs again is counted from there. What is forgotten
    depends on the order of the sentences.
    """
    words: Counter[str] = Counter()
    for sentence in sentences:
        words.update(sentence)
        if len(words) > MOST_COUNTED:
            words = most_frequent(words, MOST_COUNTED // 2)
    return words


@dataclass
class WordCounts:
    """How often words occur."""

    words: Counter[str] = field(default_factory=Counter)
    documents: Counter[str] = field(default_factory=Counter)
    """Documents that each word occurs in."""
    read: int = 0
    """Documents altogether."""


def count_in_documents(documents: Iterable[Iterable[str]]) -> WordCounts:
    """Occurrences of each word, and the documents it occurs in: exact up to as many words as in ``count_words``."""
    found = WordCounts()
    for document in documents:
        words = Counter(document)
        found.words.update(words)
        found.documents.update(words.keys())
        found.read += 1
        if len(found.words) > MOST_COUNTED:
            found.words = most_frequent(found.words, MOST_COUNTED // 2)
            found.documents = Counter({word: found.documents[word] for word in found.words})
    return found


def most_frequent(words: Counter[str], limit: int) -> Counter[str]:
    """The ``limit`` most frequent words; of equally frequent ones the first in code-point order."""
    if len(words) <= limit:
        return words
    kept = sorted(words, key=lambda word: (-words[word], word))[:limit]
    return Counter({word: words[word] for word in kept})
