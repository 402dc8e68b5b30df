"""A WordPiece vocabulary: one entry a line, an entry's id is its line number from 0."""

from __future__ import annotations

import codecs
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from jobs.errors import ConfigurationError

PAD, UNK, CLS, SEP, MASK = SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
CONTINUATION = "##"
"""Marks an entry that continues a word."""
MAX_WORD_CHARACTERS = 200
"""A longer word is one [UNK], as in google-research/bert; ``MAX_WORD`` of wordpiece.c."""

JUDGED_FROM = 1000
"""Entries from which on it is no accident that none has an upper-case letter."""


@dataclass(frozen=True)
class Vocabulary:
    tokens: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def ids(self) -> dict[str, int]:
        """Entry -> id; not to be changed."""
        return dict(zip(self.tokens, range(len(self)), strict=True))

    @cached_property
    def continues(self) -> bytes:
        """A byte for each entry: 1 of one that continues a word, else 0."""
        return bytes([token.startswith(CONTINUATION) for token in self.tokens])

    def to_bytes(self) -> bytes:
        return "\n".join([*self.tokens, ""]).encode()

    def extended(self, words: Sequence[str]) -> Vocabulary:
        """This vocabulary with ``words`` after its last entry. Raises ``ConfigurationError`` for a word it has."""
        present = self.ids.keys() & set(words)
        if present or len(set(words)) < len(words):
            name = min(present, default="") or next(word for word in words if words.count(word) > 1)
            raise ConfigurationError(f"word {name!r}", "the vocabulary has it already", "leave it out")
        return Vocabulary((*self.tokens, *words))

    def check_extends(self, older: Vocabulary, source: str) -> None:
        """Raises ``ConfigurationError`` unless every entry of ``older`` has the same id here."""
        for index, token in enumerate(older.tokens):
            found = self.tokens[index] if index < len(self) else "nothing"
            if found != token:
                raise ConfigurationError(
                    source,
                    f"entry {index:,} of its vocabulary is {found!r}, the initial checkpoint's is {token!r}",
                    "make examples with the checkpoint's vocabulary, or one that begins with it: --vocab PATH",
                )

    def check_case(self, cased: bool, source: str) -> None:
        """Raises ``ConfigurationError`` for a vocabulary that its letters show to be of the other case.

        One of fewer than ``JUDGED_FROM`` words is not judged.
        """
        words = [token for token in self.tokens if not (token.startswith("[") and token.endswith("]"))]
        if len(words) < JUDGED_FROM:
            return
        upper = sum(word != word.lower() for word in words) / len(words)
        if cased and upper < 0.001:
            reason = "hardly an entry has an upper-case letter: it is an uncased model's, and the recipe is cased"
            raise ConfigurationError(source, reason, "give a cased one, or --set vocabulary.cased=false")
        if not cased and upper > 0.05:
            reason = f"{upper:.0%} of its entries have upper-case letters: it is a cased model's, the recipe is uncased"
            raise ConfigurationError(source, reason, "give an uncased one, or --set vocabulary.cased=true")


def parse_vocabulary(data: bytes, source: str) -> Vocabulary:
    """The vocabulary of a ``vocab.txt``; lines are stripped as google-research/bert's ``load_vocab`` does.

    Raises ``ConfigurationError`` (naming ``source``) unless every line is one distinct entry, the
    special tokens are there and [PAD] is entry 0, which google's padding takes for granted.
    """
    try:
        text = data.removeprefix(codecs.BOM_UTF8).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(source, f"not UTF-8 at byte {error.start}", "give a vocab.txt") from error
    # Not splitlines(): U+2028 and its like are vocabulary entries' characters, not line ends.
    tokens = tuple(map(str.strip, text.removesuffix("\n").split("\n")))
    vocabulary = Vocabulary(tokens)
    remedy = "give a WordPiece vocab.txt with --vocab"
    if missing := [token for token in SPECIALS if token not in vocabulary.ids]:
        raise ConfigurationError(source, f"the vocabulary lacks {', '.join(missing)}", remedy)
    if tokens[0] != PAD:
        raise ConfigurationError(source, f"{PAD} must be its first entry, not {tokens[0]!r}", remedy)
    if len(vocabulary.ids) < len(tokens):
        twice = [token for token, count in Counter(tokens).items() if count > 1]
        first = twice[0]
        lines = [str(number) for number, token in enumerate(tokens, 1) if token == first]
        reason = f"{len(twice)} entries occur twice, first {first!r} (lines {', '.join(lines[:3])})"
        raise ConfigurationError(source, reason if first else f"lines {', '.join(lines[:3])} are empty", remedy)
    return vocabulary
