from __future__ import annotations

import pytest

from jobs.errors import ConfigurationError
from jobs.evaluation.measures import ndcg
from jobs.evaluation.relevance import to_json
from jobs.evaluation.trec import Topic
from jobs.search.engine import Mode, SearchEngine
from jobs.search.judging import judge
from tests.jobs.search.made import index

TOPICS = [
    Topic("1", "masks", "do masks help children"),
    Topic("2", "vaccine", "immune response"),
    Topic("9", "unjudged"),
]
QRELS = {"1": {"a1": 2, "d4": 1, "c3": 0, "gone": 1}, "2": {"b2": 2, "a1": 0}}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SearchEngine:
    return SearchEngine(index(tmp_path_factory.mktemp("index")), Mode.BM25)


def test_bm25_is_measured_both_ways(engine: SearchEngine) -> None:
    found = judge(engine, TOPICS, QRELS, "qrels")
    assert found.topics == ("1", "2")
    assert found.absent == 0.25
    full = found.scores["full", "bm25"]
    ranked = [hit.paper.cord_uid for hit in engine.search("masks do masks help children", mode=Mode.BM25).hits]
    assert full.ndcg_at_10[0] == ndcg(ranked, QRELS["1"])
    assert found.scores["judged", "bm25"].ndcg_at_10[1] == 1.0


def test_judged_ranks_judged_papers_alone(engine: SearchEngine) -> None:
    found = judge(engine, TOPICS, QRELS, "qrels")
    assert found.scores["judged", "dense"].judged_at_10 == (0.3, 0.2)
    assert found.scores["full", "dense"].judged_at_10 == (0.3, 0.2)
    assert all(score <= 0.5 for score in found.scores["full", "dense"].p_at_5)


def test_an_index_against_itself_shows_no_difference(engine: SearchEngine) -> None:
    found = judge(engine, TOPICS, QRELS, "qrels")
    result = to_json(found, found)
    for way in ("judged", "full"):
        for row in result[way].values():
            assert row["against_other"]["mean"] == 0
            assert row["against_other"]["p_value"] == 1
            assert not row["against_other"]["resolved"]


@pytest.mark.parametrize(
    ("qrels", "said"),
    [
        ({"7": {"a1": 1}}, "judges none of the topics"),
        ({"1": {"x": 1, "y": 2, "a1": 1}}, "67% of its relevant documents are not in the corpus"),
    ],
)
def test_judgements_of_something_else_are_refused(
    engine: SearchEngine, qrels: dict[str, dict[str, int]], said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        judge(engine, TOPICS, qrels, "qrels")
