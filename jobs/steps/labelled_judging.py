"""Labelled sets of the user's, for every contender: answers among passages, and similar pairs of texts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from jobs.errors import ConfigurationError
from jobs.evaluation.labelled import LabelledSet, Located, Pair, Question
from jobs.evaluation.labelled_measures import AnswerRanks, area_under_curve, spearman
from jobs.evaluation.relevance import MAX_ABSENT
from jobs.evaluation.significance import paired_difference
from jobs.search.lexical import LexicalIndex, build
from jobs.search.paper import EVERYTHING, Paper
from jobs.steps.contender_text import Encode
from jobs.steps.title_retrieval import REFERENCES

_WORD = re.compile(r"[^\W_]+")
_FEWEST = 2


class LabelledJudging(Protocol):
    """One set."""

    def score(self, name: str, encode: Encode) -> None:
        """Judge one contender."""

    def to_json(self) -> dict[str, Any]:
        """How many entries there are, and a row for each system."""


def labelled_judging(
    entries: LabelledSet, source: str, sentences: Mapping[str, Sequence[str]], scratch: Path
) -> LabelledJudging:
    """``sentences`` are those of the documents that entries name.

    Raises ``ConfigurationError``, naming ``source``, when the corpus lacks too many of these.
    """
    if isinstance(entries[0], Pair):
        return SimilarityJudging([entry for entry in entries if isinstance(entry, Pair)])
    questions = [entry for entry in entries if isinstance(entry, Question)]
    located = [entry for entry in entries if isinstance(entry, Located)]
    found = [entry.question(sentences.get(entry.document, ())) for entry in located]
    questions += [question for question in found if question]
    absent = sum(question is None for question in found) / max(len(found), 1)
    if absent > MAX_ABSENT or len(questions) < _FEWEST:
        raise ConfigurationError(
            source,
            f"{absent:.0%} of its answers are in no document of the corpus: it is made for another corpus or release",
            "use the release that it was made from",
        )
    return AnswerJudging(questions, absent, scratch)


class AnswerJudging:
    """Ranks the passages of each question."""

    def __init__(self, questions: Sequence[Question], absent: float, scratch: Path) -> None:
        self._questions = questions
        self._absent = absent
        places: dict[str, int] = {}
        self._rows = [[places.setdefault(passage, len(places)) for passage in q.passages] for q in questions]
        self._passages = list(places)
        self._ranks: dict[str, AnswerRanks] = {"bm25": AnswerRanks.of(self._by_words(scratch), questions)}

    def score(self, name: str, encode: Encode) -> None:
        passages, queries = encode(self._passages), encode([question.text for question in self._questions])
        scores = [(passages[rows] @ query).astype(np.float64) for rows, query in zip(self._rows, queries, strict=True)]
        self._ranks[name] = AnswerRanks.of(scores, self._questions)

    def to_json(self) -> dict[str, Any]:
        rows: dict[str, Any] = {name: ranks.means() for name, ranks in self._ranks.items()}
        for name, row in rows.items():
            for other in REFERENCES:
                if other != name and other in rows:
                    own, theirs = self._ranks[name].reciprocal_rank, self._ranks[other].reciprocal_rank
                    difference = paired_difference(own, theirs)
                    row[f"against_{other}"] = {**asdict(difference), "resolved": difference.resolved}
        return {"questions": len(self._questions), "absent": self._absent, "systems": rows}

    def _by_words(self, scratch: Path) -> list[NDArray[np.float64]]:
        scratch.mkdir(parents=True)
        build(scratch, (Paper(abstract=passage) for passage in self._passages))
        index = LexicalIndex(scratch)
        scores = []
        for question, rows in zip(self._questions, self._rows, strict=True):
            found = dict(index.search(question.text, len(rows), EVERYTHING, sorted(set(rows))))
            scores.append(np.array([found.get(row, 0.0) for row in rows]))
        return scores


class SimilarityJudging:
    """Compares the cosines of pairs of texts with how alike people found them."""

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self._pairs = pairs
        self._wanted = np.array([pair.similarity for pair in pairs])
        self._values = {"common words": np.array([_overlap(pair) for pair in pairs])}

    def score(self, name: str, encode: Encode) -> None:
        first, second = (encode([getattr(pair, side) for pair in self._pairs]) for side in ("first", "second"))
        self._values[name] = (first * second).sum(axis=1).astype(np.float64)

    def to_json(self) -> dict[str, Any]:
        return {
            "pairs": len(self._pairs),
            "systems": {name: self._row(values) for name, values in self._values.items()},
        }

    def _row(self, values: NDArray[np.float64]) -> dict[str, float]:
        row = {"spearman": spearman(values, self._wanted)}
        levels = np.unique(self._wanted)
        if len(levels) == 2:
            row["auc"] = area_under_curve(values, self._wanted == levels[1])
        return row


def _overlap(pair: Pair) -> float:
    """The share of words that both texts have, of all that either has."""
    first, second = (set(_WORD.findall(text.casefold())) for text in (pair.first, pair.second))
    return len(first & second) / max(len(first | second), 1)
