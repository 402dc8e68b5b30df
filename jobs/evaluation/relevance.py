"""Judges rankings by relevance judgements, such as TREC-COVID's: each topic is a query. Pure.

Two ways, which must not be confused:
    judged   only the topic's judged documents are ranked: no system suffers for finding what nobody judged, and no
             number compares with a leaderboard's
    full     all documents are ranked; a document that nobody judged counts as not relevant, and Judged@10 says how
             many of those there are at the top
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jobs.errors import ConfigurationError
from jobs.evaluation.measures import Grades, judged, ndcg, precision, ranking
from jobs.evaluation.significance import Difference, paired_difference
from jobs.evaluation.trec import Topic, judged_topics

DEPTH = 100
"""Ranks that are looked at: the measures need 10."""
MAX_ABSENT = 0.5
"""Share of the relevant documents that a corpus may lack before its figures mean nothing."""
WAYS = JUDGED, FULL = ("judged", "full")
BM25 = "bm25"

Ranker = Callable[[str, int, Sequence[int] | None], Sequence[tuple[int, float]]]
"""From a query, a number of ranks and the rows to rank (None: all) to rows and scores, best first."""


@dataclass(frozen=True)
class Scores:
    """Per topic, in the topics' order."""

    ndcg_at_10: tuple[float, ...]
    p_at_5: tuple[float, ...]
    judged_at_10: tuple[float, ...]

    def means(self) -> dict[str, float]:
        return {name: float(np.mean(values)) for name, values in asdict(self).items()}


@dataclass(frozen=True)
class Judgement:
    """All rankings of one corpus, both ways."""

    topics: tuple[str, ...]
    absent: float
    """Share of the relevant documents that the corpus lacks: they cannot be found."""
    scores: Mapping[tuple[str, str], Scores]
    """By way and ranking."""

    def against(self, way: str, name: str, other: Scores) -> Difference:
        """The difference in nDCG@10 to other scores over the same topics."""
        return paired_difference(np.array(self.scores[way, name].ndcg_at_10), np.array(other.ndcg_at_10))


class JudgedTopics:
    """The topics that are judged, and where a corpus has their documents."""

    def __init__(
        self,
        topics: Sequence[Topic],
        qrels: Mapping[str, Grades],
        source: str,
        *,
        row_of: Callable[[str], int | None],
        uid_of: Callable[[int], str],
    ) -> None:
        """``row_of`` and ``uid_of`` lead from a document's id to its row in the corpus and back.

        Raises ``ConfigurationError``, naming ``source`` (the qrels), when no topic is judged, or when the corpus lacks
        so many relevant documents that another one was judged.
        """
        self._qrels = qrels
        self._uid_of = uid_of
        self.topics = judged_topics(topics, qrels, source)
        judged_uids = [uid for topic in self.topics for uid in qrels[topic.number]]
        self._rows = {uid: row for uid in judged_uids if (row := row_of(uid)) is not None}
        self.absent = self._share_absent()
        if self.absent > MAX_ABSENT:
            raise ConfigurationError(
                source,
                f"{self.absent:.0%} of its relevant documents are not in the corpus: it judges another corpus or "
                "release",
                "use the release that was judged: TREC-COVID's last round is CORD-19 of 2020-07-16",
            )

    def _share_absent(self) -> float:
        relevant = [
            uid for topic in self.topics for uid, grade in self._qrels[topic.number].items() if grade > 0
        ]  # fmt: skip
        return sum(uid not in self._rows for uid in relevant) / max(len(relevant), 1)

    def judge(self, rankers: Mapping[str, Ranker]) -> Judgement:
        """Rank for every topic, by its query and question."""
        found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
        uids = {row: uid for uid, row in self._rows.items()}
        for topic in self.topics:
            grades = self._qrels[topic.number]
            only = sorted(self._rows[uid] for uid in grades if uid in self._rows)
            for way, rows in ((JUDGED, only), (FULL, None)):
                for name, rank in rankers.items():
                    # Ties are broken by document id, as trec_eval does, so scores are what is handed over.
                    hits = rank(f"{topic.query} {topic.question}", DEPTH, rows)
                    ranked = ranking({uids.get(row) or self._uid_of(row): score for row, score in hits})
                    measured = (ndcg(ranked, grades), precision(ranked, grades), judged(ranked, grades))
                    found.setdefault((way, name), []).append(measured)
        scores = {key: Scores(*zip(*values, strict=True)) for key, values in found.items()}
        return Judgement(tuple(topic.number for topic in self.topics), self.absent, scores)


def to_json(judgement: Judgement, other: Judgement | None = None, against: Sequence[str] = (BM25,)) -> dict[str, Any]:
    """Means, and paired differences in nDCG@10: to rankings ``against`` of the same judgement, to an ``other`` one."""
    result: dict[str, Any] = {"topics": len(judgement.topics), "absent": judgement.absent}
    for (way, name), scores in judgement.scores.items():
        row: dict[str, Any] = scores.means()
        for reference in against:
            if reference != name and (way, reference) in judgement.scores:
                row[f"against_{reference}"] = _difference(judgement, way, name, judgement.scores[way, reference])
        if other:
            row["against_other"] = _difference(judgement, way, name, other.scores[way, name])
        result.setdefault(way, {})[name] = row
    return result


def _difference(judgement: Judgement, way: str, name: str, scores: Scores) -> dict[str, Any]:
    difference = judgement.against(way, name, scores)
    return {**asdict(difference), "resolved": difference.resolved}
