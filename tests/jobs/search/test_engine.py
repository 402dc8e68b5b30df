from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from jobs.errors import ConfigurationError
from jobs.search import vectors
from jobs.search.encoder import TextEncoder
from jobs.search.engine import Layout, Mode, SearchEngine
from jobs.search.fusion import reciprocal_rank_fusion
from jobs.search.paper import Filters
from tests.jobs.search.made import PAPERS, index


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return index(tmp_path_factory.mktemp("index"))


@pytest.fixture(scope="module")
def engine(layout: Layout) -> SearchEngine:
    return SearchEngine(layout, Mode.BM25)


def uids(engine: SearchEngine, text: str, **options: object) -> list[str]:
    return [hit.paper.cord_uid for hit in engine.search(text, **options).hits]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mask", ["a1", "d4"]),
        ("MASKS", ["a1", "d4"]),
        ("vaccines", ["b2"]),
        ("bat's virus", ["c3"]),
        ("xyzzy plugh", []),
        ("", []),
        ("?! … —", []),
        ("титры вируса", []),
    ],
)
def test_words_find_papers_by_stem_and_titles_weigh_more(engine: SearchEngine, text: str, expected: list[str]) -> None:
    assert uids(engine, text, mode=Mode.BM25) == expected


@pytest.mark.parametrize(
    "text",
    [
        "title:(",
        "AND OR NOT",
        '"',
        "a AND (b",
        "[1 TO",
        "*",
        "mask^",
        "\\",
        "\0",
        "\ud800",
        "mask " * 2000,
        "x" * 10_000,
    ],
)
def test_no_text_is_a_query_language(engine: SearchEngine, text: str) -> None:
    for mode in (Mode.BM25, Mode.DENSE, Mode.HYBRID):
        assert len(engine.search(text, mode=mode).hits) <= len(PAPERS)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(year_from=2020), {"a1", "b2", "e5"}),
        (Filters(year_until=2020), {"a1", "c3", "e5"}),
        (Filters(year_from=2020, year_until=2020), {"a1", "e5"}),
        (Filters(license="CC-BY"), {"a1"}),
        (Filters(source="pmc"), {"a1", "b2"}),
        (Filters(source="PMC", year_from=2021), {"b2"}),
        (Filters(license="none such"), set()),
    ],
)
def test_filters_hold_for_every_ranking(engine: SearchEngine, filters: Filters, expected: set[str]) -> None:
    everything = "masks vaccine virus lung angle"
    for mode in (Mode.BM25, Mode.DENSE, Mode.HYBRID):
        assert set(uids(engine, everything, mode=mode, filters=filters)) == expected


def test_dense_ranks_by_cosine_as_brute_force_does(layout: Layout, engine: SearchEngine) -> None:
    encoder = TextEncoder(layout.embedder)
    stored = encoder.encode([f"{paper.title} {paper.abstract}" for paper in PAPERS]).astype(np.float16)
    cosines = stored.astype(np.float32) @ encoder.encode(["lung virus"])[0]
    hits = engine.search("lung virus", mode=Mode.DENSE).hits
    assert [hit.paper for hit in hits] == [PAPERS[row] for row in np.argsort(-cosines, kind="stable")]
    assert [hit.cosine for hit in hits] == pytest.approx(sorted(cosines.tolist(), reverse=True), abs=1e-5)


def test_a_text_has_the_same_vector_in_any_batch(layout: Layout) -> None:
    encoder = TextEncoder(layout.embedder)
    texts = ["virus", "the immune response of the lung", "mask " * 100, "", "bat"]
    together = encoder.encode(texts)
    np.testing.assert_allclose(together, np.concatenate([encoder.encode([text]) for text in texts]), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(together, axis=1), 1, atol=1e-6)


def test_hybrid_joins_ranks_not_scores(engine: SearchEngine) -> None:
    answer = engine.search("immune lung", mode=Mode.HYBRID)
    bm25 = [hit.paper.cord_uid for hit in engine.search("immune lung", mode=Mode.BM25, count=100).hits]
    dense = [hit.paper.cord_uid for hit in engine.search("immune lung", mode=Mode.DENSE, count=100).hits]
    rows = {paper.cord_uid: row for row, paper in enumerate(PAPERS)}
    expected = reciprocal_rank_fusion([[rows[uid] for uid in bm25], [rows[uid] for uid in dense]])
    assert [rows[hit.paper.cord_uid] for hit in answer.hits] == [row for row, _ in expected]


def test_fusion_prefers_what_both_rankings_hold() -> None:
    assert reciprocal_rank_fusion([[1, 2, 3], [3, 4]]) == [
        (3, 1 / 63 + 1 / 61),
        (1, 1 / 61),
        (2, 1 / 62),
        (4, 1 / 62),
    ]


def test_automatic_is_what_the_index_found_best(layout: Layout) -> None:
    assert SearchEngine(layout, Mode.HYBRID).search("mask").mode is Mode.HYBRID
    assert SearchEngine(layout, Mode.BM25).search("mask").mode is Mode.BM25


def test_more_like_this_leaves_the_paper_itself_out(engine: SearchEngine) -> None:
    for mode in (Mode.BM25, Mode.DENSE, Mode.HYBRID):
        found = [hit.paper.cord_uid for hit in engine.similar(0, mode=mode).hits]
        assert "a1" not in found
        assert len(found) == len(set(found))
    with pytest.raises(KeyError):
        engine.similar(len(PAPERS))


def test_the_passage_is_the_sentence_that_answers_with_the_words_marked(engine: SearchEngine) -> None:
    (hit, *_) = engine.search("transmission mask", mode=Mode.BM25).hits
    assert hit.passage.text in ("Children wore masks.", "Transmission fell by half.")
    assert [hit.passage.text[a:b].lower().rstrip("s") for a, b in hit.passage.marks] in (["mask"], ["transmission"])


def test_an_index_of_another_embedder_is_refused(layout: Layout, tmp_path: Path) -> None:
    vectors.write_index(tmp_path / "narrow.faiss", 8, [np.eye(8, dtype=np.float32)[: len(PAPERS)]])
    engine = SearchEngine(Layout(layout.lexical, tmp_path / "narrow.faiss", layout.embedder), Mode.DENSE)
    with pytest.raises(ConfigurationError, match="8 numbers, the embedder makes 16"):
        engine.search("virus")
    assert engine.search("virus", mode=Mode.BM25).hits


def test_many_threads_get_the_same_answers(engine: SearchEngine) -> None:
    queries = ["mask", "immune lung", "virus", "vaccine response"] * 10
    alone = [engine.search(text, mode=Mode.HYBRID) for text in queries]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: engine.search(text, mode=Mode.HYBRID), queries)) == alone


HINTS = {
    "no words": ("?!", Mode.HYBRID, Filters(), "the query has no words"),
    "words that all papers have": ("of the and", Mode.BM25, Filters(), "words as frequent as those of the query"),
    "a script that the model lacks": ("新型冠状病毒", Mode.DENSE, Filters(), "the model knows no word of the query"),
    "years of the future": (
        "mask",
        Mode.AUTO,
        Filters(year_from=2030),
        "no paper is of those years; there are 2019 to",
    ),
    "years of the past": ("mask", Mode.DENSE, Filters(year_until=2000), "no paper is of those years; there are 2019"),
    "a licence that is none": ("mask", Mode.AUTO, Filters(license="mit"), "no paper has the licence mit; there are"),
}


@pytest.mark.parametrize("case", HINTS)
def test_an_answer_without_papers_says_why(engine: SearchEngine, case: str) -> None:
    text, mode, filters, said = HINTS[case]
    answer = engine.search(text, mode=mode, filters=filters)
    assert answer.hits == ()
    assert any(hint.startswith(said) for hint in answer.hints), answer.hints
    assert "hints" not in answer.to_json()
    assert engine.search("mask").hints == ()


def test_a_text_of_which_the_model_knows_nothing_is_near_no_paper(engine: SearchEngine) -> None:
    """Its vector would be that of [UNK], and some papers would be near that."""
    assert engine.search("新型冠状病毒", mode=Mode.DENSE).hits == ()
    with ThreadPoolExecutor(8) as pool:
        together = list(
            pool.map(lambda text: uids(engine, text, mode=Mode.DENSE), ["新型冠", "virus", "病毒", "mask"] * 4)
        )
    assert together == [[], uids(engine, "virus", mode=Mode.DENSE), [], uids(engine, "mask", mode=Mode.DENSE)] * 4
    assert uids(engine, "mask 新型", mode=Mode.DENSE)
    assert uids(engine, "新型冠状病毒", mode=Mode.HYBRID) == uids(engine, "新型冠状病毒", mode=Mode.BM25) == []
