"""Relevance judgements of the user's, such as TREC-COVID's, for every contender."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jobs.evaluation.measures import Grades
from jobs.evaluation.relevance import DEPTH, JudgedTopics, Judgement, Ranker, Scores, to_json
from jobs.evaluation.trec import Topic
from jobs.search.fusion import reciprocal_rank_fusion
from jobs.search.lexical import LexicalIndex, Ranked, build
from jobs.search.paper import EVERYTHING, Paper
from jobs.steps.contender_text import Encode
from jobs.steps.title_retrieval import REFERENCES


class TopicJudging:
    """Ranks the whole corpus, and each topic's judged documents alone."""

    def __init__(
        self,
        papers: Sequence[Paper],
        texts: Sequence[str],
        topics: Sequence[Topic],
        qrels: Mapping[str, Grades],
        source: str,
        scratch: Path,
    ) -> None:
        """``texts`` are what the papers' vectors are of. Raises what ``JudgedTopics`` raises."""
        rows = {paper.cord_uid: row for row, paper in enumerate(papers)}
        self._texts = texts
        self._asked = JudgedTopics(
            topics, qrels, source, row_of=rows.get, uid_of=lambda row: papers[row].cord_uid
        )  # fmt: skip
        scratch.mkdir()
        build(scratch, papers)
        self._words = LexicalIndex(scratch)
        self._scores: dict[tuple[str, str], Scores] = {}
        self._judge("bm25", self._by_words)

    def score(self, name: str, encode: Encode, *, joined: bool) -> None:
        """Rank by one contender; with ``joined`` by both rankings together, too."""
        vectors = encode(self._texts)
        queries = [f"{topic.query} {topic.question}" for topic in self._asked.topics]
        by_query = dict(zip(queries, encode(queries), strict=True))

        def nearest(text: str, count: int, rows: Sequence[int] | None) -> Ranked:
            return _nearest(vectors, by_query[text], count, rows)

        def both(text: str, count: int, rows: Sequence[int] | None) -> Ranked:
            rankings = [self._by_words(text, DEPTH, rows), nearest(text, DEPTH, rows)]
            return reciprocal_rank_fusion([[row for row, _ in ranking] for ranking in rankings])[:count]

        self._judge(name, nearest)
        if joined:
            self._judge("hybrid", both)

    def to_json(self) -> dict[str, Any]:
        """Means and differences, "judged" and "full" apart."""
        numbers = tuple(topic.number for topic in self._asked.topics)
        return to_json(Judgement(numbers, self._asked.absent, self._scores), against=REFERENCES)

    def _by_words(self, text: str, count: int, rows: Sequence[int] | None) -> Ranked:
        return self._words.search(text, count, EVERYTHING, rows)

    def _judge(self, name: str, ranker: Ranker) -> None:
        self._scores |= self._asked.judge({name: ranker}).scores


def _nearest(
    vectors: NDArray[np.float32], query: NDArray[np.float32], count: int, rows: Sequence[int] | None
) -> Ranked:
    """The rows with the largest inner product, best first; ties by row."""
    chosen = np.arange(len(vectors)) if rows is None else np.asarray(rows, np.int64)
    scores = vectors[chosen] @ query if rows is not None else vectors @ query
    best = np.lexsort((chosen, -scores))[:count]
    return [(int(chosen[i]), float(scores[i])) for i in best]
