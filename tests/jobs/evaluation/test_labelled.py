from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.errors import ConfigurationError
from jobs.evaluation.labelled import Located, Pair, Question, parse_labelled
from jobs.evaluation.labelled_measures import AnswerRanks, area_under_curve, spearman

QUESTION = {"question": "how long", "passages": ["five days", "no", "yes"], "answers": [0]}
PAIR = {"first": "a virus", "second": "the virus", "similarity": 1}
ANSWER = {"id": "ab12cd34", "title": "A paper", "exact_answer": "5 days\n(range 2-9)"}
COVID_QA = {"categories": [{"sub_categories": [{"nq_name": "How long?", "answers": [ANSWER, {**ANSWER, "id": "x"}]}]}]}


def lines(*entries: object) -> bytes:
    return "".join(f"{json.dumps(entry)}\n" for entry in entries).encode()


def test_each_format_is_told_by_its_content() -> None:
    assert parse_labelled(lines(QUESTION, QUESTION), "set")[0] == Question(
        "how long", ("five days", "no", "yes"), frozenset({0})
    )
    assert parse_labelled(lines(PAIR, {**PAIR, "similarity": 0.5}), "set")[1] == Pair("a virus", "the virus", 0.5)
    table = b'question_1,question_2,similar\n"What, then?",And now?,1\r\nWho?,When?,0\r\n'
    assert parse_labelled(table, "set") == (Pair("What, then?", "And now?", 1.0), Pair("Who?", "When?", 0.0))
    found = parse_labelled(json.dumps(COVID_QA, indent=1).encode(), "set")
    assert found[0] == Located("How long?", "ab12cd34", "5 days\n(range 2-9)")


def test_an_answer_is_found_in_the_sentences_of_its_paper() -> None:
    located = Located("How long?", "ab12cd34", "5 days\n(range 2-9)")
    question = located.question(["It was short.", "We saw 5 Days (range 2-9) of it.", "End."])
    assert question
    assert question.answers == {1}
    assert located.question(["It was short."]) is None
    assert located.question([]) is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "0 entries"),
        (lines(QUESTION), "1 entries"),
        (lines(QUESTION, PAIR), "mixes questions with pairs"),
        (lines(PAIR, PAIR), "equally similar"),
        (b"not json\nnot json\n", "line 1"),
        (lines(PAIR, {"first": "x"}), "line 2"),
        (lines(PAIR, {**PAIR, "similarity": "much"}), "line 2"),
        (lines(PAIR, {**PAIR, "similarity": float("nan")}), "no finite number"),
        (lines(PAIR, {**PAIR, "second": " "}), "is no text"),
        (lines(QUESTION, {**QUESTION, "answers": [3]}), "line 2"),
        (lines(QUESTION, {**QUESTION, "answers": []}), "line 2"),
        (lines(QUESTION, {**QUESTION, "answers": [0, 1, 2]}), "some, not all"),
        (lines(QUESTION, ["a", "list"]), "no mapping"),
        (b"question_1,question_2,similar\na,b\nc,d,1\n", "line 2"),
        (b'{"categories": [{"sub_categories": 3}]}', "no CovidQA file"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[" * 100_000, "line 1"),
    ],
)
def test_other_content_is_refused_by_name(data: bytes, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        parse_labelled(data, "set.jsonl")


def test_answers_are_measured_as_by_hand() -> None:
    questions = [Question("", ("a", "b", "c", "d"), frozenset({1, 3})), Question("", ("a", "b"), frozenset({0}))]
    found = AnswerRanks.of([np.array([0.9, 0.8, 0.1, 0.7]), np.array([0.5, 0.5])], questions)
    assert found.p_at_1.tolist() == [0, 0]  # a tie counts against the answer
    assert found.recall_at_3.tolist() == [1, 1]
    assert found.reciprocal_rank.tolist() == [0.5, 0.5]


SERIES = st.lists(st.integers(-3, 3), min_size=2, max_size=30)


@given(SERIES)
def test_spearman_is_that_of_ranks(values: list[int]) -> None:
    """Against ranks by counting."""
    first = np.array(values, float)
    second = np.array(values[::-1], float)
    ranks = [np.array([(x < v).sum() + ((x == v).sum() + 1) / 2 for v in x]) for x in (first, second)]
    if min(len(set(values)), 2) < 2:
        assert spearman(first, second) == 0
    else:
        assert spearman(first, second) == pytest.approx(np.corrcoef(ranks[0], ranks[1])[0, 1])
        assert spearman(first, 2 * first**3 + 1) == pytest.approx(1)


@given(st.lists(st.tuples(st.integers(-2, 2), st.booleans()), min_size=2, max_size=20))
def test_the_area_is_the_share_of_pairs_in_order(rows: list[tuple[int, bool]]) -> None:
    scores = np.array([score for score, _ in rows], float)
    positive = np.array([label for _, label in rows])
    if positive.all() or not positive.any():
        return
    wins = [(a > b) + (a == b) / 2 for a in scores[positive] for b in scores[~positive]]
    assert area_under_curve(scores, positive) == pytest.approx(float(np.mean(wins)))
