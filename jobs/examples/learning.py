"""A WordPiece vocabulary learned from text, with Hugging Face's trainer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from jobs.examples.word_counts import count_words, most_frequent
from jobs.examples.wordpiece import split_words
from jobs.vocabulary import CONTINUATION, SPECIALS, UNK, Vocabulary

_ALPHABET = 1000
"""Characters kept at most, and half of the vocabulary with their ``##`` forms: a word with a rarer one is [UNK]."""

MOST_LEARNED = 500_000
"""Distinct words that the trainer is given, the most frequent ones: it takes 1.2 KB of memory for each."""

_RUN = 1000
"""Occurrences of a word that are given to the trainer at a time, as one text."""


def learn_vocabulary(sentences: Iterable[str], size: int, *, cased: bool = True) -> Vocabulary:
    """A vocabulary of at most ``size`` entries, special tokens first, [PAD] entry 0.

    Words are split as training will split them. The same words give the same vocabulary, whatever their order
    (up to ``MOST_COUNTED`` distinct ones): the trainer breaks ties by entry number, and would number continuing
    characters in the order of a hash map; here the whole alphabet is numbered before it starts.
    """
    words = count_words(split_words(sentence, cased=cased) for sentence in sentences)
    alphabet = _alphabet(words, min(_ALPHABET, (size - len(SPECIALS)) // 4))
    tokenizer = Tokenizer(models.WordPiece(unk_token=UNK))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        min_frequency=2,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        special_tokens=[*SPECIALS, *alphabet, *(CONTINUATION + character for character in alphabet)],
        continuing_subword_prefix=CONTINUATION,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_runs(most_frequent(words, MOST_LEARNED)), trainer)
    by_id = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    return Vocabulary(tuple(token for token, _ in by_id))


def _runs(words: Counter[str]) -> Iterator[str]:
    """Every word as often as it was counted. The trainer takes text only, and holds all of a text at a time."""
    for word, count in sorted(words.items()):
        for first in range(0, count, _RUN):
            yield " ".join([word] * min(_RUN, count - first))


def _alphabet(words: Counter[str], limit: int) -> list[str]:
    """The most frequent characters, in code-point order."""
    counts: Counter[str] = Counter()
    for word, count in words.items():
        for character in word:
            counts[character] += count
    kept = sorted(counts, key=lambda character: (-counts[character], character))[:limit]
    return sorted(kept)
