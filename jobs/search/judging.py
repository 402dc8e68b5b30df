"""Judges an index by relevance judgements, such as TREC-COVID's: each topic is a query. Pure but for the engine.

Two ways, which must not be confused:
    judged   only the topic's judged documents are ranked: no system suffers for finding what nobody judged, and no
             number compares with a leaderboard's
    full     all documents are ranked; a document that nobody judged counts as not relevant, and Judged@10 says how
             many of those there are at the top
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from jobs.errors import ConfigurationError
from jobs.evaluation.measures import Grades, judged, ndcg, precision, ranking
from jobs.evaluation.significance import Difference, paired_difference
from jobs.evaluation.trec import Topic
from jobs.search.engine import Mode, SearchEngine

DEPTH = 100
"""Ranks that are looked at: the measures need 10."""
MAX_ABSENT = 0.5
"""Share of the relevant documents that an index may lack before its figures mean nothing."""
WAYS = ("judged", "full")
RANKINGS = (Mode.BM25, Mode.DENSE, Mode.HYBRID)


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
    """All rankings of one index, both ways."""

    topics: tuple[str, ...]
    absent: float
    """Share of the relevant documents that the index lacks: they cannot be found."""
    scores: Mapping[tuple[str, str], Scores]
    """By way and ranking."""

    def against(self, way: str, ranking: str, other: Scores) -> Difference:
        """The difference in nDCG@10 to other scores over the same topics."""
        return paired_difference(np.array(self.scores[way, ranking].ndcg_at_10), np.array(other.ndcg_at_10))


def judge(engine: SearchEngine, topics: Sequence[Topic], qrels: Mapping[str, Grades], source: str) -> Judgement:
    """Rank for every topic that has judgements, by its query and question.

    Raises ``ConfigurationError``, naming ``source`` (the qrels), when no topic is judged, or when the index lacks so
    many relevant documents that it must be of another corpus.
    """
    chosen = [topic for topic in topics if topic.number in qrels]
    if not chosen:
        raise ConfigurationError(source, "it judges none of the topics", "give the topics that belong to these qrels")
    rows = {
        uid: row for topic in chosen for uid in qrels[topic.number] if (row := engine.lexical.row_of(uid)) is not None
    }
    relevant = [uid for topic in chosen for uid, grade in qrels[topic.number].items() if grade > 0]
    absent = sum(uid not in rows for uid in relevant) / max(len(relevant), 1)
    if absent > MAX_ABSENT:
        raise ConfigurationError(
            source,
            f"{absent:.0%} of its relevant documents are not in the index: it judges another corpus or release",
            "index the release that was judged: TREC-COVID's last round is CORD-19 of 2020-07-16",
        )
    names = {row: uid for uid, row in rows.items()}
    found: dict[tuple[str, str], list[tuple[float, float, float]]] = {}
    for topic in chosen:
        grades = qrels[topic.number]
        text = f"{topic.query} {topic.question}"
        only = sorted(rows[uid] for uid in grades if uid in rows)
        for way, restricted in zip(WAYS, (only, None), strict=True):
            for mode in RANKINGS:
                hits = engine.rank(text, mode, DEPTH, rows=restricted)
                # Ties are broken by document id, as trec_eval does, so scores are what is handed over.
                scores = {names.get(row) or engine.lexical.paper(row).cord_uid: score for row, score in hits}
                ranked = ranking(scores)
                found.setdefault((way, str(mode)), []).append(
                    (ndcg(ranked, grades), precision(ranked, grades), judged(ranked, grades))
                )
    measured = {key: Scores(*zip(*values, strict=True)) for key, values in found.items()}
    return Judgement(tuple(topic.number for topic in chosen), absent, measured)


def to_json(judgement: Judgement, other: Judgement | None) -> dict[str, Any]:
    """Means, and paired differences to BM25 of the same index and, where there is one, to the other index."""
    result: dict[str, Any] = {"topics": len(judgement.topics), "absent": judgement.absent}
    for (way, name), scores in judgement.scores.items():
        row: dict[str, Any] = scores.means()
        if name != Mode.BM25:
            row["against_bm25"] = _difference(judgement, way, name, judgement.scores[way, str(Mode.BM25)])
        if other:
            row["against_other"] = _difference(judgement, way, name, other.scores[way, name])
        result.setdefault(way, {})[name] = row
    return result


def _difference(judgement: Judgement, way: str, name: str, scores: Scores) -> dict[str, Any]:
    difference = judgement.against(way, name, scores)
    return {**asdict(difference), "resolved": difference.resolved}
