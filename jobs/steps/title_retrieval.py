"""Title to abstract retrieval by every contender, beside BM25 and joined with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.retrieval import Retrieval, random_pair_cosine, ranks_in, ranks_of
from jobs.evaluation.significance import mcnemar, paired_difference
from jobs.search.fusion import reciprocal_rank_fusion
from jobs.search.lexical import LexicalIndex, build
from jobs.search.paper import EVERYTHING, Paper
from jobs.steps.contender_text import Encode

REFERENCES = ("bm25", "base", "control")
"""The rows that others are compared with, where there are such rows."""
_FUSED_DEPTH = 100


class TitleRetrieval:
    """Finds each held-out abstract by its title, among all of the held-out abstracts."""

    def __init__(self, titles: Sequence[str], abstracts: Sequence[str], scratch: Path) -> None:
        self._titles, self._abstracts = titles, abstracts
        self._by_words = self._bm25(scratch)
        self._ranks = {"bm25": ranks_in(self._by_words, len(titles))}
        self.cosines: dict[str, float] = {}
        """The mean cosine of random pairs of abstracts, by contender."""

    def score(self, name: str, encode: Encode, *, joined: bool) -> None:
        """Rank by one contender; with ``joined`` by both rankings together, too."""
        queries, answers = encode(self._titles), encode(self._abstracts)
        self._ranks[name] = ranks_of(queries, answers)
        self.cosines[name] = random_pair_cosine(answers)
        if joined:
            nearest = np.argsort(-(queries @ answers.T), axis=1, kind="stable")[:, :_FUSED_DEPTH].tolist()
            both = zip(self._by_words, nearest, strict=True)
            fused = [[row for row, _ in reciprocal_rank_fusion(rankings)] for rankings in both]
            self._ranks["hybrid"] = ranks_in(fused, len(self._titles))

    def to_json(self) -> dict[str, Any]:
        """The number of queries, and a row for each system."""
        return {
            "queries": len(self._titles),
            "systems": {name: _row(name, self._ranks) for name in self._ranks},
        }

    def _bm25(self, scratch: Path) -> list[list[int]]:
        """The abstracts ranked by BM25 for each title; of documents without any common word nothing is said."""
        scratch.mkdir()
        build(scratch, (Paper(abstract=abstract) for abstract in self._abstracts))
        index = LexicalIndex(scratch)
        return [[row for row, _ in index.search(title, len(index), EVERYTHING)] for title in self._titles]


def _row(name: str, ranks: Mapping[str, NDArray[np.int64]]) -> dict[str, Any]:
    """One system's figures, and its paired comparisons."""
    own = ranks[name]
    row: dict[str, Any] = asdict(Retrieval.of(own))
    for other in REFERENCES:
        if other != name and other in ranks:
            difference = paired_difference(1 / own, 1 / ranks[other])
            row[f"against_{other}"] = {
                **asdict(difference),
                "resolved": difference.resolved,
                "first_rank": asdict(mcnemar(own == 1, ranks[other] == 1)),
            }
    against = row.get("against_bm25")
    row["beats_bm25"] = bool(against and against["resolved"] and against["mean"] > 0)
    return row
