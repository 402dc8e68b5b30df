"""A WordPiece vocabulary learned from text, with Hugging Face's trainer."""

from __future__ import annotations

from collections.abc import Iterable

from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from jobs.examples.wordpiece import split_words
from jobs.vocabulary import CONTINUATION, SPECIALS, UNK, Vocabulary

_ALPHABET = 1000
"""Single characters kept at most: rare ones become [UNK], as in google's own vocabularies."""


def learn_vocabulary(sentences: Iterable[str], size: int) -> Vocabulary:
    """A cased vocabulary of at most ``size`` entries, special tokens first, [PAD] entry 0.

    Words are split as training will split them. The same sentences give the same vocabulary.
    """
    tokenizer = Tokenizer(models.WordPiece(unk_token=UNK))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        min_frequency=2,
        limit_alphabet=_ALPHABET,
        special_tokens=list(SPECIALS),
        continuing_subword_prefix=CONTINUATION,
        show_progress=False,
    )
    tokenizer.train_from_iterator((" ".join(split_words(sentence)) for sentence in sentences), trainer)
    by_id = sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1])
    return Vocabulary(tuple(token for token, _ in by_id))
