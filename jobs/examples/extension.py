"""Words that a published vocabulary cuts into pieces, ranked by the pieces that an entry of their own would save."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from jobs.errors import ConfigurationError
from jobs.examples.word_counts import count_in_documents
from jobs.examples.wordpiece import WordPiece, split_words
from jobs.vocabulary import CONTINUATION, UNK, Vocabulary


@dataclass(frozen=True)
class NewWord:
    """A word that becomes an entry."""

    word: str
    count: int
    """Occurrences in the training documents."""
    documents: int
    """Training documents that it occurs in."""
    pieces: tuple[str, ...]
    """Entries of the base vocabulary that it is cut into without one of its own."""

    @property
    def saved(self) -> int:
        """Pieces fewer in the training documents, from the occurrences of the whole word."""
        return self.count * (len(self.pieces) - 1)


@dataclass(frozen=True)
class Coverage:
    """How one vocabulary cuts the words of the training documents."""

    words: int
    whole: int
    """Words that are one entry."""
    unknown: int
    """Words that become [UNK]."""
    pieces: int

    def to_json(self) -> dict[str, Any]:
        words = max(1, self.words)
        return {
            **vars(self),
            "pieces_per_word": round(self.pieces / words, 4),
            "whole_share": round(self.whole / words, 4),
        }


@dataclass(frozen=True)
class Extension:
    """A base vocabulary with words appended, and what they change."""

    base: Vocabulary
    added: tuple[NewWord, ...]
    """The first saves the most pieces, and has the lowest id."""
    candidates: int
    """Words that could have been added."""
    documents: int
    before: Coverage
    after: Coverage

    @property
    def vocabulary(self) -> Vocabulary:
        return self.base.extended([new.word for new in self.added])

    def to_json(self) -> dict[str, Any]:
        return {
            "base_entries": len(self.base),
            "entries": len(self.base) + len(self.added),
            "documents": self.documents,
            "candidates": self.candidates,
            "before": self.before.to_json(),
            "after": self.after.to_json(),
            "added": [{**vars(new), "pieces": list(new.pieces), "saved": new.saved} for new in self.added],
        }


def extend_vocabulary(
    base: Vocabulary, documents: Iterable[Sequence[str]], add: int, min_documents: int, *, cased: bool = True
) -> Extension:
    """``base`` and the ``add`` words that save the most pieces in ``documents``, each given as its sentences.

    A candidate is a word of letters and digits, with a letter among them, that occurs in at least ``min_documents``
    documents and that ``base`` cuts into two pieces or more. The result does not depend on the order of the documents
    (up to ``MOST_COUNTED`` distinct words). Greedy WordPiece may also begin a longer word with a new entry, so that
    ``after`` is counted by cutting all words anew. Raises ``ConfigurationError`` where there are fewer candidates.
    """
    counted = count_in_documents(
        [word for sentence in sentences for word in split_words(sentence, cased=cased)] for sentences in documents
    )
    words = list(counted.words)
    pieces = cut(base, words, cased=cased)
    new = [
        NewWord(word, counted.words[word], counted.documents[word], cuts)
        for word, cuts in zip(words, pieces, strict=True)
        if len(cuts) > 1 and counted.documents[word] >= min_documents and _is_word(word)
    ]
    if len(new) < add:
        raise _too_few(len(new), add, min_documents, counted.read)
    added = tuple(sorted(new, key=lambda one: (-one.saved, one.word))[:add])
    after = cut(base.extended([one.word for one in added]), words, cased=cased)
    return Extension(
        base,
        added,
        candidates=len(new),
        documents=counted.read,
        before=_coverage(counted.words, words, pieces),
        after=_coverage(counted.words, words, after),
    )


def cut(vocabulary: Vocabulary, words: Sequence[str], *, cased: bool) -> list[tuple[str, ...]]:
    """The pieces of each of ``words``, none of which holds white space."""
    ids, ends = WordPiece(vocabulary, cased=cased).encode_lines(words)
    tokens = [vocabulary.tokens[piece] for piece in ids.tolist()]
    return [tuple(tokens[start:end]) for start, end in pairwise([0, *ends.tolist()])]


def pieces_of_new_entries(vocabulary: Vocabulary, known: int, *, cased: bool) -> list[list[int]]:
    """The ids below ``known`` that stand for each entry from ``known`` on, as the first ``known`` entries cut it.

    Empty where these know nothing of it. An entry that continues a word is cut as a word.
    """
    base = Vocabulary(vocabulary.tokens[:known])
    unknown = base.ids[UNK]
    wordpiece = WordPiece(base, cased=cased)
    new = [token.removeprefix(CONTINUATION) for token in vocabulary.tokens[known:]]
    return [[piece for piece in wordpiece.encode(token) if piece != unknown] for token in new]


def _is_word(word: str) -> bool:
    return word.isalnum() and any(character.isalpha() for character in word)


def _coverage(counts: Counter[str], words: Sequence[str], pieces: Sequence[tuple[str, ...]]) -> Coverage:
    found = [(counts[word], cuts) for word, cuts in zip(words, pieces, strict=True)]
    return Coverage(
        words=sum(count for count, _ in found),
        whole=sum(count for count, cuts in found if len(cuts) == 1 and cuts != (UNK,)),
        unknown=sum(count for count, cuts in found if UNK in cuts),
        pieces=sum(count * len(cuts) for count, cuts in found),
    )


def _too_few(found: int, add: int, min_documents: int, documents: int) -> ConfigurationError:
    reason = (
        f"{found:,} words occur in at least {min_documents:,} of {documents:,} training documents and are cut into "
        f"pieces; {add:,} are to be added"
    )
    fewer = "a lower --min-documents (vocabulary.extend.min_documents)"
    remedy = f"--add {found} or fewer (vocabulary.extend.add), or {fewer}" if found else fewer
    return ConfigurationError("vocabulary.extend", reason, remedy if documents else "give a corpus with more text")
