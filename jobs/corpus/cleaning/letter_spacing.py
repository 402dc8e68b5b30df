"""Words that a journal's layout set with blanks between their letters: "a b s t r a c t"."""

from __future__ import annotations

import re

# From the blank behind the first letter on, which is found faster than a letter.
_RUN = re.compile(
    r" [A-Za-z] (?<=[A-Za-z] [A-Za-z] )(?<![^\s(][A-Za-z] [A-Za-z] )[A-Za-z](?: [A-Za-z]){2,}(?![^\s.,:;)])"
)
NEEDS = (" [A-Za-z] [A-Za-z] [A-Za-z] ",)
_LONGEST = 18
"""A longer run is several words, whose ends nobody knows."""
_VOWELS = frozenset("aeiouy")
_NUCLEOTIDES = frozenset("acgtun")


def join_spaced_letters(text: str) -> str:
    """Only what reads as one word: of one case, with vowels and consonants, no letter more than a third of it.

    So panel labels ("A B C D E"), sequences ("A C G T A"), plotted points ("q q q q q") and formulas stay apart.
    """
    return _RUN.sub(lambda match: _joined(text[match.start() - 1] + match[0])[1:], text)


def _joined(run: str) -> str:
    word = run.replace(" ", "")
    letters = word.lower()
    kinds = set(letters)
    is_word = (
        len(word) <= _LONGEST
        and (word[1:].islower() or word.isupper())
        and kinds & _VOWELS
        and kinds - _VOWELS
        and not kinds <= _NUCLEOTIDES
        and max(map(letters.count, kinds)) * 3 <= len(letters)
        and list(letters) != sorted(letters)
    )
    return word if is_word else run
