"""Whole words to mask in held-out text: the same words for every model, whatever its vocabulary. Pure.

Models with different vocabularies cut text into different pieces, so a loss per piece says nothing about which is
better: the loss of a word is the sum over its pieces, and it is compared per word and per character.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SHARE = 0.15
"""The share of a document's words that are masked, as in BERT's pretraining (Devlin et al. 2019)."""


@dataclass(frozen=True)
class Passage:
    """Successive words of one document that fit every model's sequence."""

    words: tuple[str, ...]
    masked: tuple[int, ...]
    """Places of the masked words."""


def passages(uid: str, sentences: Sequence[Sequence[str]], longest: Sequence[int], room: int) -> Iterator[Passage]:
    """Cuts a document into passages with at least one masked word each.

    ``sentences`` are lists of words; ``longest`` gives for each word, in order over all sentences, the largest number
    of pieces that any model cuts it into, and ``room`` how many pieces fit one sequence. Which words are masked follows
    from ``uid`` and their places alone. A word larger than ``room`` is left out.
    """
    chosen = _Lottery(uid)
    words: list[str] = []
    masked: list[int] = []
    size = place = 0
    for sentence in sentences:
        for word in sentence:
            pieces, drawn = longest[place], chosen.draws(place)
            place += 1
            if pieces > room:
                continue
            if size + pieces > room:
                if masked:
                    yield Passage(tuple(words), tuple(masked))
                words, masked, size = [], [], 0
            if drawn:
                masked.append(len(words))
            words.append(word)
            size += pieces
    if masked:
        yield Passage(tuple(words), tuple(masked))


class _Lottery:
    """Draws places with probability ``SHARE``, the same on every machine."""

    _AT_ONCE = 8

    def __init__(self, uid: str) -> None:
        self._uid = uid
        self._block = -1
        self._numbers: list[int] = []

    def draws(self, place: int) -> bool:
        block, index = divmod(place, self._AT_ONCE)
        if block != self._block:
            digest = hashlib.sha256(f"{self._uid}\n{block}".encode()).digest()
            self._numbers = [int.from_bytes(digest[4 * i : 4 * i + 4], "big") for i in range(self._AT_ONCE)]
            self._block = block
        return self._numbers[index] < SHARE * 2**32
