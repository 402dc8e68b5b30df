"""Halves of sentences whose other half the parse lost: "The population of", "mouse using a vaccine is enough."."""

from __future__ import annotations

import re
from collections.abc import Sequence

from jobs.corpus.cleaning.page_breaks import DANGLING, is_open
from jobs.corpus.cleaning.sentences import NAMED_IN_LOWER_CASE
from jobs.corpus.cleaning.word_set import words

_BEGINS_LATE = re.compile(r"[a-z]{2,}[ ,;.]")
_BEFORE_FORMULAS = frozenset(("as", "by", "is", "are", "be", "that", "where", "to"))
"""Here a formula may have stood: "is given by"."""
_DEMANDING = (DANGLING - _BEFORE_FORMULAS) | words(
    "we they some if against across without many several among under because how very who about whether still thus "
    "according although whereas especially rather every until particularly whose throughout towards including due "
    "based multiple various newly"
)
_SHORT_BRACKET = 30
"""Characters of an open bracket that is no loss."""
_INTRODUCES = (":", ";", ",")
"""What follows a paragraph that ends so may begin in lower case: a list's item, words after a formula."""


def whole_sentences(sentences: Sequence[str], before: str) -> list[str]:
    """The sentences of one paragraph without a last one that demands another word, and without a first one that begins
    in mid-sentence. ``before`` is the paragraph before, to which this one could not be joined.

    Of a last one that ends in a bracket that has hardly opened, "grew faster (Figure", the bracket goes.
    """
    kept = list(sentences)
    if kept and not kept[-1].endswith((".", ":")):
        if is_open(kept[-1]):
            bracket = kept[-1].rindex("(")
            if len(kept[-1]) - bracket > _SHORT_BRACKET:
                kept.pop()
            else:
                kept[-1:] = [kept[-1][:bracket].rstrip()] if bracket else []
        if kept and kept[-1].rpartition(" ")[2] in _DEMANDING:
            kept.pop()
    if kept and kept[0][:1].islower() and not before.endswith(_INTRODUCES) and _begins_late(kept[0]):
        del kept[0]
    return kept


def _begins_late(sentence: str) -> bool:
    return _BEGINS_LATE.match(sentence) is not None and not NAMED_IN_LOWER_CASE.match(sentence)
