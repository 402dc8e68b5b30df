"""Sentences that are no language: tables, plotted points, labels, remnants; and what is too long to be one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from jobs.corpus.cleaning.bibliography import is_entry
from jobs.corpus.cleaning.headings import SAID, has_large_words, is_debris, is_heading
from jobs.corpus.cleaning.native import Limits, library
from jobs.corpus.cleaning.references import LONGEST_LABEL, is_label
from jobs.corpus.cleaning.statements import (
    BEGINNINGS,
    CORRESPONDING,
    is_statement,
    says_what_authors_do,
)
from jobs.native import address, joined

LETTERS = 0.4
"""The least share of letters among the characters that are not blanks; those beyond ASCII count neither way."""
SHORTEST_WORD, LONGEST_WORD = 2.2, 20.0
"""Between these is the mean length of a sentence's words, their punctuation included."""
FEWEST_WORDS = 2
"""Words of a sentence, at least: "The", "and", "Nat." are what other rules and the parse left of one."""
LONGEST = 1000
"""Characters of a sentence, at most. One in a thousand is longer: lists of names, affiliations, legends."""

_REMNANT = re.compile(
    r"is the|Not applicable\.?|(?:Error! )?Reference source not found\W{0,3}[A-Z]?\W{0,3}|"
    r"(?:under a )?CC[- ]BY(?:[- ](?:NC|ND|SA))*(?: [0-9]\.[0-9])?(?: International)?\W*"
)
"""Whole sentences: what is left of a preprint's notice, of a licence, and of a declaration asked for in vain."""
_LETTERS_A_CAPITAL = 9
"""At most, where words are large."""
_LIMITS = Limits(SHORTEST_WORD, LONGEST_WORD, 1 - LETTERS, FEWEST_WORDS, LONGEST_LABEL, _LETTERS_A_CAPITAL)
_KEYS = (address(BEGINNINGS), len(BEGINNINGS), address(SAID), len(SAID))
_JUNK, _MAYBE_JUNK, _LARGE, _STATEMENT = 1, 2, 3, 4
"""The verdicts of sentences.c; the second on what is short enough for a label, or has letters beyond ASCII at most; the
third on what is longer and has a ninth of its letters large, at least: few sentences have, and lists of names. The last
is added to that of one that begins like statements."""


def are_junk(sentences: Sequence[str], paged: int | None = None) -> list[bool]:
    """For each sentence whether too few of its characters are letters, or its words are too few, too short or too
    long on average; or it is nothing but the label of a figure or table, a heading, an entry of a bibliography, or
    what papers say about themselves. Those from place ``paged`` on are of a parse of pages, and not of its title: among
    them there is more of that kind.

    Words are not counted beyond ASCII, where a language may write without blanks.
    """
    paged = len(sentences) if paged is None else paged
    encoded = joined(sentences)
    verdicts = np.empty(len(sentences), np.uint8)
    library.judge_sentences(encoded, len(encoded), _LIMITS, *_KEYS, address(verdicts))
    junk: list[bool] = (verdicts == _JUNK).tolist()
    statements = (verdicts >= _STATEMENT).nonzero()[0].tolist()
    verdicts %= _STATEMENT
    for place in (verdicts == _MAYBE_JUNK).nonzero()[0].tolist():
        junk[place] = _says_nothing(sentences[place], place >= paged)
    for place in (verdicts == _LARGE).nonzero()[0].tolist():
        junk[place] = is_entry(sentences[place]) or (place >= paged and has_large_words(sentences[place]))
    for place in statements:
        junk[place] = junk[place] or is_statement(sentences[place])
    if CORRESPONDING.encode() in encoded:
        junk = [is_junk or says_what_authors_do(text) for is_junk, text in zip(junk, sentences, strict=True)]
    return junk


def _says_nothing(sentence: str, is_paged: bool) -> bool:
    return (
        not (sentence[:1].isalpha() or any(map(str.isalpha, sentence)))
        or is_label(sentence)
        or is_heading(sentence)
        or _REMNANT.fullmatch(sentence) is not None
        or is_entry(sentence)
        or (is_paged and is_debris(sentence))
    )


def cap(sentence: str) -> Iterator[str]:
    """The sentence in parts of at most ``LONGEST`` characters: cut after a semicolon, else a comma, else a blank."""
    start = 0
    while len(sentence) - start > LONGEST:
        half, end = start + LONGEST // 2, start + LONGEST
        place = next(
            (at + len(mark) for mark in ("; ", ", ", " ") if (at := sentence.rfind(mark, half, end)) > 0),
            end,
        )
        yield sentence[start:place].rstrip(" ")
        start = place
        while sentence.startswith(" ", start):
            start += 1
    yield sentence[start:]
