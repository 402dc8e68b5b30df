"""The sentence of an abstract that answers a query best, with the query's words marked. Pure."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from jobs.corpus.cleaning.sentences import split_sentences

_WORD = re.compile(r"[^\W_]+")
_FEW_WORDS = 3
"""Words of a heading, such as "Background" or "Materials and methods"."""


@dataclass(frozen=True)
class Passage:
    text: str
    marks: tuple[tuple[int, int], ...] = ()
    """Where words of the query begin and end in ``text``."""


def best_passage(abstract: str, words: Sequence[str], stems_of: Callable[[str], list[str]]) -> Passage:
    """The sentence with the most of the query's words, rarer ones counting more; of equals the first that is no
    heading.

    Words match by the index's own stems (``stems_of`` a text). Empty without an abstract.
    """
    sentences = split_sentences(abstract)
    if not sentences:
        return Passage("")
    wanted = set(stems_of(" ".join(words)))
    stems = [wanted.intersection(stems_of(sentence)) for sentence in sentences]
    frequency = Counter(stem for present in stems for stem in present)
    # Sorted: a set's order follows the hash seed, and sums of floats follow the order.
    scores = [sum(1 + math.log(len(sentences) / frequency[s]) for s in sorted(present)) for present in stems]
    chosen = max(range(len(sentences)), key=lambda i: (scores[i], len(_WORD.findall(sentences[i])) > _FEW_WORDS, -i))
    return _marked(sentences[chosen], wanted, stems_of)


def _marked(chosen: str, wanted: Collection[str], stems_of: Callable[[str], list[str]]) -> Passage:
    marks = [(m.start(), m.end()) for m in _WORD.finditer(chosen) if any(stem in wanted for stem in stems_of(m[0]))]
    return Passage(chosen, tuple(marks))
