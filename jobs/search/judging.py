"""Judges an index by relevance judgements: ``jobs.evaluation.relevance`` with the rankings of a search engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jobs.evaluation.measures import Grades
from jobs.evaluation.relevance import JudgedTopics, Judgement, Ranker
from jobs.evaluation.trec import Topic
from jobs.search.engine import Mode, SearchEngine
from jobs.search.lexical import Ranked

RANKINGS = (Mode.BM25, Mode.DENSE, Mode.HYBRID)


def judge(engine: SearchEngine, topics: Sequence[Topic], qrels: Mapping[str, Grades], source: str) -> Judgement:
    """Rank for every topic that has judgements. Raises what ``JudgedTopics`` raises, which names ``source``."""

    def by(mode: Mode) -> Ranker:
        def rank(text: str, count: int, rows: Sequence[int] | None) -> Ranked:
            return engine.rank(text, mode, count, rows=rows)

        return rank

    asked = JudgedTopics(
        topics,
        qrels,
        source,
        row_of=engine.lexical.row_of,
        uid_of=lambda row: engine.lexical.paper(row).cord_uid,
    )
    return asked.judge({str(mode): by(mode) for mode in RANKINGS})
