"""Against trec_eval 9.0.7, run through pytrec_eval-terrier 0.5.11 on this very data; figures to the last bit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import ConfigurationError
from jobs.evaluation.measures import judged, ndcg, precision, ranking
from jobs.evaluation.trec import parse_qrels, parse_topics

QRELS = b"""1 0.5 a 2
1 1 b 1
1 2 c 0
1 4.5 d -1
1 5 e 2
1 3 f 1
2 5 x 1
2 5 y 0
"""
RUN = {"1": {"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.9, "e": 0.1, "g": 0.5, "h": 0.5000000001}, "2": {"y": 2.0, "z": 1.0}}


def test_ties_negative_grades_and_rounds_are_trec_eval_s() -> None:
    qrels = parse_qrels(QRELS, "qrels")
    assert ranking(RUN["1"]) == ["d", "h", "g", "c", "b", "a", "e"]
    assert (ndcg(ranking(RUN["1"]), qrels["1"]), precision(ranking(RUN["1"]), qrels["1"])) == (0.4212089820212772, 0.2)
    assert (ndcg(ranking(RUN["2"]), qrels["2"]), precision(ranking(RUN["2"]), qrels["2"])) == (0.0, 0.0)
    assert judged(ranking(RUN["1"]), qrels["1"]) == 0.5


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(-1, 2), min_size=1, max_size=20))
def test_the_ideal_order_scores_one_and_nothing_scores_more(grades: dict[str, int]) -> None:
    ideal = sorted(grades, key=lambda document: -grades[document])
    best = ndcg(ideal, grades)
    assert best == (1.0 if any(grade > 0 for grade in grades.values()) else 0.0)
    assert ndcg(ideal[::-1], grades) <= best


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "holds no judgement"),
        (b"1 0 a\n", "line 1"),
        (b"1 0 a 2\n1 0 b two\n", "line 2"),
        (b"1 0 a 2 9\n", "line 1"),
        (b"1 0 a 99999\n", "line 1"),
        (b"\xff\xfe1", "not UTF-8"),
    ],
)
def test_qrels_that_are_none_are_refused_by_line(data: bytes, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        parse_qrels(data, "qrels")


def test_topics_are_read_by_their_tags() -> None:
    data = b"""<?xml version="1.0"?><topics task="COVIDSearch"><topic number="1"><query>coronavirus origin</query>
<question>what is the
 origin of <COVID></question><narrative>a &amp; b</narrative></topic>
<topic number='2'><query>masks</query></topic></topics>"""
    first, second = parse_topics(data, "topics")
    assert (first.number, first.query, first.question) == ("1", "coronavirus origin", "what is the origin of <COVID>")
    assert first.narrative == "a & b"
    assert (second.number, second.query, second.question) == ("2", "masks", "")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<topics></topics>", "holds no <topic>"),
        (b"<topic><query>a</query></topic>", "has no number"),
        (b'<topic number="1"><query> </query></topic>', "has no query"),
        (b'<topic number="1"><query>a</query></topic><topic number="1"><query>b</query></topic>', "occurs twice"),
    ],
)
def test_topics_that_are_none_are_refused(data: bytes, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        parse_topics(data, "topics")
