"""Sentences that are no language: tables, plotted points, labels, remnants; and what is too long to be one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from jobs.corpus.cleaning.native import Limits, library
from jobs.corpus.cleaning.references import LONGEST_LABEL, is_label
from jobs.corpus.cleaning.word_set import words
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
    r"is the|Not applicable\.?|(?:under a )?CC[- ]BY(?:[- ](?:NC|ND|SA))*(?: [0-9]\.[0-9])?(?: International)?\W*"
)
"""Whole sentences: what is left of a preprint's notice, of a licence, and of a declaration asked for in vain."""
_HEADINGS = words(
    "analysis analyses assay assays identification measurement measurements methods materials protocol protocols "
    "calculation calculations simulation simulations culture cultures isolation sequencing extraction construction "
    "purification staining microscopy cytometry statement approval contributions interest interests funding "
    "availability acknowledgements acknowledgments acknowledgement background introduction discussion conclusion "
    "conclusions preparation collection statistics procedure procedures processing estimation validation overview "
    "quantification amplification synthesis"
)
"""Last words of what is a heading, where no word of it makes it a sentence."""
_LONGEST_HEADING = 4
"""Words of a heading that is told by its last one, at most."""
_SENTENCES = words(
    "is are was were be been has have had do does did can could may might will would should must we they it he she i "
    "you there this these that those who which what how why when where see not no none if than all each both show "
    "shows need needs require requires allow allows use uses include includes warrant warrants"
)
"""Words that a heading has not."""
_BIBLIOGRAPHY = re.compile(
    r"(?>(?:[A-Z][\w'’-]+ [A-Z]{1,3}(?:, | and )){1,12})(?:[A-Z][\w'’-]+ [A-Z]{1,3}|et al)\.|"
    r"(?>(?:[A-Z][\w'’-]+, (?>(?:[A-Z]\.[ -]?){1,3}),? ?(?:and |& |, )?){2,12})(?:et al\.?)? ?(?:[0-9]{1,4} )?"
    r"\(?(?:19|20)[0-9]{2}[a-z]?\)? ?\.?|"
    r"[A-Z][a-z]*+(?>(?: [A-Za-z]++){0,7})\.? (?:(?:19|20)[0-9]{2} ?; ?[0-9]{1,4}(?: ?\([0-9]{1,3}\))?|"
    r"[0-9]{1,4} ?\([0-9]{1,3}\)) ?: ?[0-9]{1,6}(?:[–-][0-9]{1,6})?\.?"
)
"""Whole sentences: an entry's authors, or the journal and its pages."""


_LIMITS = Limits(SHORTEST_WORD, LONGEST_WORD, 1 - LETTERS, FEWEST_WORDS, LONGEST_LABEL)
_JUNK, _MAYBE_JUNK = 1, 2
"""The verdicts of sentences.c; the second on what is short enough for a label, or has letters beyond ASCII at most."""


def are_junk(sentences: Sequence[str]) -> list[bool]:
    """For each sentence whether too few of its characters are letters, or its words are too few, too short or too
    long on average; or it is nothing but the label of a figure or table, or one of a few known remnants.

    Words are not counted beyond ASCII, where a language may write without blanks.
    """
    encoded = joined(sentences)
    verdicts = np.empty(len(sentences), np.uint8)
    library.judge_sentences(encoded, len(encoded), _LIMITS, address(verdicts))
    junk: list[bool] = (verdicts == _JUNK).tolist()
    for place in (verdicts == _MAYBE_JUNK).nonzero()[0].tolist():
        junk[place] = _says_nothing(sentences[place])
    return junk


def _says_nothing(sentence: str) -> bool:
    return (
        not any(map(str.isalpha, sentence))
        or is_label(sentence)
        or _is_heading(sentence)
        or _REMNANT.fullmatch(sentence) is not None
        or (_ends_an_entry(sentence) and _BIBLIOGRAPHY.fullmatch(sentence) is not None)
    )


def _ends_an_entry(sentence: str) -> bool:
    """Whether an initial, a number or "et al." is last: most sentences are passed over by it."""
    last = sentence.rstrip(" .)")[-2:]
    return last[-1:].isdigit() or last[-1:].isupper() or last == "al"


def _is_heading(sentence: str) -> bool:
    if (
        sentence.count(" ") >= _LONGEST_HEADING
        or sentence.rstrip(".:")[sentence.rfind(" ") + 1 :].lower() not in _HEADINGS
    ):
        return False
    return not any(word.endswith("ed") or word.lower() in _SENTENCES for word in sentence.split())


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
