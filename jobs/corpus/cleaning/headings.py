"""Headings, contents and labels, set among sentences by parsers: no word of them makes them a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from jobs.corpus.cleaning.word_set import words

_HEADINGS = words(
    "analysis analyses assay assays identification measurement measurements methods materials protocol protocols "
    "calculation calculations simulation simulations culture cultures isolation sequencing extraction construction "
    "purification staining microscopy cytometry statement approval contributions interest interests funding "
    "availability acknowledgements acknowledgments acknowledgement background introduction discussion conclusion "
    "conclusions preparation collection statistics procedure procedures processing estimation validation overview "
    "quantification amplification synthesis"
)
"""Last words of what is a heading, where no word of it makes it a sentence."""
_LONGEST_BY_LAST = 4
"""Words of a heading that is told by its last one, at most."""
_METHODS = words(
    "Calculating Calculation Calculations Cloning Collection Construction Culture Culturing Definition Definitions "
    "Derivation Determination Estimating Estimation Evaluation Extraction Generation Immunoprecipitation "
    "Implementation Isolation Labeling Labelling Measurement Measurements Preparation Propagation Purification "
    "Quantification Quantifying Reconstructing Selection Sequencing Synthesis Transfection Validation"
)
"""First words of a heading of methods, where no verb follows: "Calculation of titres"."""
_LONGEST_BY_FIRST = 9
_SENTENCES = words(
    "is are was were be been has have had do does did can could may might will would should must we they it he she i "
    "you there this these that those who which what how why when where see not no none if than all each both show "
    "shows need needs require requires allow allows use uses include includes warrant warrants"
)
"""Words that a heading has not."""
SAID = np.array(sorted(word.encode() for word in _SENTENCES - words("see not") if 2 <= len(word) <= 4), "S4")
"""Those of them that no label or remnant has either: sentences.c passes most short sentences over by them."""
_VERBS = _SENTENCES | words(
    "affect affects appear appears became become becomes began begins cannot cause causes contain contains depend "
    "depends enable enables ensure ensures find finds found gave give gives help helps improve improves increases "
    "indicate indicates involve involves lead leads led made make makes occur occurs offer offers play plays provide "
    "provides reduce reduces relies rely remain remains represent represents result results reveal reveals serve "
    "serves shown starts suggest suggests take takes took yield yields"
)
_SMALL = words("a an and as at by de et al al. for from in into la non of on or per the to und versus via vs vs. with")
"""Words that stay small in a heading whose words are large."""
_WORD_IN_SMALL = re.compile(r"[ (][a-z]{4,}(?<!from)(?<!into)(?<!versus)(?<!with)\b")
"""What most sentences have soon, behind a blank, and is told faster than word by word."""
_SIGNS = "()[],;.:'\"“”‘’*†&–-/"
_MOST_LARGE = 40
_CONTENTS = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,2}){1,3}\.? [A-Z][^.!?]*(?:\.[0-9][^.!?]*)* [0-9]{1,3}")
"""A line of a table of contents: "3.1.2 Forecast horizon of 6 weeks 27"."""
_PAGE = re.compile(r"(?:Page|PAGE) ?[0-9]+(?: of [0-9]+)?\.?")
_SCALE = re.compile(r"\(?Scale bars?\b[ :;=,]{1,3}[0-9.]{1,5} ?[nμum]m\W{0,3}")
_SHORTEST_CUT, _LONGEST_CUT, _LONGEST_LEAD = 2, 4, 8
"""Words of what a parse cut off: any two, up to four without a verb, or up to eight that a comma ends."""
_ENDS = '.?!:;)]"”’'


def has_verb(words: Iterable[str]) -> bool:
    """Whether one of the words makes a sentence of them, as far as a few common ones tell."""
    return any(word.rstrip(".,;:").endswith("ed") or word.strip(_SIGNS).lower() in _VERBS for word in words)


def is_heading(sentence: str) -> bool:
    """Whether its last word says so."""
    if (
        sentence.count(" ") >= _LONGEST_BY_LAST
        or sentence.rstrip(".:")[sentence.rfind(" ") + 1 :].lower() not in _HEADINGS
    ):
        return False
    return not any(word.endswith("ed") or word.lower() in _SENTENCES for word in sentence.split())


def is_debris(sentence: str) -> bool:
    """Whether it is a heading or label of another kind, or the beginning of what a parse cut off.

    Of a parse of pages alone: elsewhere who wrote a line without a stop, or in large words, meant it.
    """
    last = sentence[-1]
    if last not in _ENDS and _is_cut(sentence, last):
        return True
    if sentence[:1].isdigit() and last.isdigit() and _CONTENTS.fullmatch(sentence):
        return not has_verb(sentence.split())
    if sentence.startswith(("Page", "PAGE", "Scale", "(Scale")):
        return (_PAGE.fullmatch(sentence) or _SCALE.fullmatch(sentence)) is not None
    return has_large_words(sentence) or _names_method(sentence)


def has_large_words(sentence: str) -> bool:
    """Whether all its words are large, but for the small ones, and so it is a heading, a place, a list of names."""
    if _WORD_IN_SMALL.search(sentence):
        return False
    large = 0
    for number, word in enumerate(sentence.split()):
        bare = word.strip(_SIGNS)
        if not bare:
            continue
        if bare[0].islower():
            if bare not in _SMALL:
                return False
        elif bare[0].isupper() and not bare[1:2].isdigit() and sum(map(str.isalpha, bare)) >= 3:
            large += 1
        if number == _MOST_LARGE:
            return False
    return large >= 2


def _names_method(sentence: str) -> bool:
    first, _, rest = sentence.partition(" ")
    return first in _METHODS and 0 < len(words := rest.split()) < _LONGEST_BY_FIRST and not has_verb(words)


def _is_cut(sentence: str, last: str) -> bool:
    blanks = sentence.count(" ")
    if last == ",":
        return blanks < _LONGEST_LEAD
    if blanks >= _LONGEST_CUT:
        return False
    if blanks < _SHORTEST_CUT:
        return True
    words = sentence.split()
    return not has_verb(words) and not any(
        word.islower() and word.endswith("s") and not word.endswith(("ss", "us", "is")) for word in words
    )
