from __future__ import annotations

import numpy as np
import pytest

from jobs.evaluation.masked_words import passages
from jobs.evaluation.retrieval import Retrieval, pair, random_pair_cosine, ranks_in, ranks_of


@pytest.mark.parametrize(
    ("title", "abstract", "expected"),
    [
        ("Masks in schools help", "Children  wore\nmasks.", ("Masks in schools help", "Children wore masks.")),
        ("Masks in schools help", "MASKS IN SCHOOLS HELP: Children wore.", ("Masks in schools help", "Children wore.")),
        ("Masks in schools help", "Masks in schools help.", None),
        ("Reply to authors", "An abstract.", None),
        ("SARS-CoV-2: a review", "An abstract.", ("SARS-CoV-2: a review", "An abstract.")),
        ("Masks in schools help", " ", None),
        ("", "An abstract.", None),
    ],
)
def test_a_pair_has_a_title_that_says_something_and_an_abstract_without_it(
    title: str, abstract: str, expected: tuple[str, str] | None
) -> None:
    assert pair(title, abstract) == expected


def test_ranks_count_from_one_and_ties_count_against_the_model() -> None:
    unit = np.eye(3, dtype=np.float32)
    assert ranks_of(unit, unit).tolist() == [1, 1, 1]
    assert ranks_of(unit, unit[[1, 0, 2]]).tolist() == [3, 3, 1]
    assert ranks_of(np.ones((3, 2), np.float32), np.ones((3, 2), np.float32)).tolist() == [3, 3, 3]
    assert ranks_in([[0, 1], [2], [1, 0, 2]], 3).tolist() == [1, 3, 3]


def test_many_rows_are_ranked_block_by_block_as_at_once() -> None:
    draws = np.random.default_rng(0)
    queries, answers = (draws.normal(size=(1500, 4)).astype(np.float32) for _ in range(2))
    scores = queries @ answers.T
    assert ranks_of(queries, answers).tolist() == (scores >= scores.diagonal()[:, None]).sum(axis=1).tolist()


def test_means() -> None:
    found = Retrieval.of(np.array([1, 2, 20, 4]))
    assert found.mrr == pytest.approx((1 + 0.5 + 0.05 + 0.25) / 4)
    assert (found.queries, found.recall_at_1, found.recall_at_10) == (4, 0.25, 0.75)


def test_the_cosine_of_random_pairs_leaves_each_with_itself_out() -> None:
    assert random_pair_cosine(np.eye(4, dtype=np.float32)) == pytest.approx(0)
    assert random_pair_cosine(np.ones((3, 1), np.float32)) == pytest.approx(1)


def test_masked_words_follow_from_the_document_alone() -> None:
    sentences = [[f"w{i}" for i in range(s, s + 40)] for s in range(0, 400, 40)]
    ones = [1] * 400

    def masked(room: int, sizes: list[int], uid: str = "u") -> list[str]:
        return [text.words[place] for text in passages(uid, sentences, sizes, room) for place in text.masked]

    chosen = masked(50, ones)
    assert 0.08 < len(chosen) / 400 < 0.22
    assert masked(70, ones) == chosen  # another model, whose sequences hold other passages
    assert masked(50, ones, "v") != chosen
    assert "w3" not in masked(50, [99 if i == 3 else 1 for i in range(400)])
    for text in passages("u", sentences, [2] * 400, 50):
        assert len(text.words) <= 25
