"""The vector index: faiss' file, every vector compared, the same answer whatever else is asked beside."""

from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.errors import ConfigurationError
from jobs.native import address
from jobs.search.native import KERNELS, library
from jobs.search.vectors import VectorIndex, Wanted, write_index
from tests.kernels import callable_here


def drawn(rows: int, width: int) -> NDArray[np.float16]:
    found = np.random.default_rng(rows).standard_normal((rows, width))
    codes: NDArray[np.float16] = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)
    return codes


def faiss_index(codes: NDArray[np.float16]) -> Any:
    index = faiss.IndexScalarQuantizer(codes.shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index.add(codes.astype(np.float32))
    return index


@pytest.mark.parametrize("rows", [0, 1, 70])
@pytest.mark.parametrize("width", [8, 33, 96])
def test_the_file_is_the_one_that_faiss_writes(tmp_path: Path, rows: int, width: int) -> None:
    codes = drawn(rows, width)
    assert write_index(tmp_path / "ours", width, [codes[:3], codes[3:]]) == rows
    faiss.write_index(faiss_index(codes), str(tmp_path / "theirs"))
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    found = VectorIndex(tmp_path / "ours")
    assert (len(found), found.width) == (rows, width)
    for row in range(rows):
        np.testing.assert_array_equal(found.vector(row), codes[row].astype(np.float32))


@pytest.mark.parametrize("asked", [1, 2, 3, 4, 7, 17, 40])
@pytest.mark.parametrize("width", [8, 33, 96])
def test_the_nearest_are_those_of_faiss(tmp_path: Path, asked: int, width: int) -> None:
    codes = drawn(333, width)  # several blocks, the last one not full
    write_index(tmp_path / "index", width, [codes])
    queries = drawn(asked, width).astype(np.float32)
    scores, _ = faiss_index(codes).search(queries, 20)
    exact = queries.astype(np.float64) @ codes.astype(np.float64).T
    index = VectorIndex(tmp_path / "index")
    found = index.search([Wanted(query, 20) for query in queries])
    np.testing.assert_allclose([[score for _, score in one] for one in found], scores, atol=1e-5)
    for one, products in zip(found, exact, strict=True):
        np.testing.assert_allclose(products[[row for row, _ in one]], np.sort(products)[:-21:-1], atol=1e-6)
    assert found == [index.search([Wanted(query, 20)])[0] for query in queries]


@pytest.mark.parametrize("threads", [2, 5, 100])
def test_any_number_of_threads_finds_the_same(tmp_path: Path, threads: int) -> None:
    """More vectors than one thread takes at once; few scores, so that ties are everywhere."""
    codes = np.random.default_rng(0).integers(-2, 3, (30_000, 8)).astype(np.float16)
    write_index(tmp_path / "index", 8, [codes])
    index, draws = VectorIndex(tmp_path / "index"), np.random.default_rng(1)
    wanted = [Wanted(draws.integers(-2, 3, 8).astype(np.float32), count) for count in (1, 10, 200, 40_000)]
    wanted += [Wanted(one.query, one.count, draws.random(30_000) < 0.3) for one in wanted]
    found = index.search(wanted, threads)
    assert found == index.search(wanted)
    for one, ranked in zip(wanted, found, strict=True):
        scores = codes.astype(np.float32) @ one.query
        rows = np.arange(30_000) if one.among is None else np.flatnonzero(one.among)
        order = rows[np.lexsort((rows, -scores[rows]))][: one.count]
        assert ranked == [(row, scores[row]) for row in order.tolist()]


def test_nothing_is_found_where_nothing_is_wanted_or_there(tmp_path: Path) -> None:
    write_index(tmp_path / "index", 8, [np.ones((2, 8), np.float16)])
    index, query = VectorIndex(tmp_path / "index"), np.ones(8, np.float32)
    assert index.search([]) == []
    assert index.search([Wanted(query, 0), Wanted(query, 9)]) == [[], [(0, 8.0), (1, 8.0)]]
    assert index.search([Wanted(query, 0)]) == [[]]
    write_index(tmp_path / "empty", 8, [])
    assert VectorIndex(tmp_path / "empty").search([Wanted(query, 5)]) == [[]]


def test_equal_scores_come_in_the_order_of_rows_and_masks_hold(tmp_path: Path) -> None:
    codes = np.ones((50, 8), np.float16)
    codes[20:30] = 2
    write_index(tmp_path / "index", 8, [codes])
    index, query = VectorIndex(tmp_path / "index"), np.ones(8, np.float32)
    even = np.arange(50) % 2 == 0
    every, few, none = index.search(
        [Wanted(query, 13), Wanted(query, 8, even), Wanted(query, 3, np.zeros(50, np.bool_))]
    )
    assert every == [(row, 16.0) for row in range(20, 30)] + [(row, 8.0) for row in range(3)]
    assert few == [(row, 16.0) for row in range(20, 30, 2)] + [(row, 8.0) for row in (0, 2, 4)]
    assert none == []


@pytest.mark.parametrize("kernel", callable_here(library, KERNELS))
@pytest.mark.parametrize("asked", [1, 2, 3, 5])
@pytest.mark.parametrize("width", [1, 31, 64, 100])
def test_products_are_those_of_the_numbers_that_halves_stand_for(kernel: str, asked: int, width: int) -> None:
    every = np.arange(0x7C00, dtype=np.uint16)  # all finite halves, the smallest ones among them
    halves = np.concatenate([every, every | 0x8000])
    halves = np.resize(halves, (len(halves) // width + 1, width)).view(np.float16)
    queries = np.random.default_rng(0).standard_normal((asked, width)).astype(np.float32)
    shifted = np.zeros(halves.nbytes + 1, np.uint8)
    shifted[1:] = halves.view(np.uint8).ravel()
    count = len(halves)
    among, counts, found = np.zeros(asked, np.uintp), np.full(asked, count, np.uintp), np.zeros(asked, np.uintp)
    unordered, rows = np.empty((asked, count), np.float32), np.empty((asked, count), np.int64)
    getattr(library, kernel)(
        address(shifted[1:]), count, width, address(queries), asked, address(among), address(counts), count, 1,
        address(unordered), address(rows), address(found),
    )  # fmt: skip
    assert found.tolist() == [count] * asked
    scores = np.empty_like(unordered)
    np.put_along_axis(scores, rows, unordered, axis=1)
    exact = queries.astype(np.float64) @ halves.astype(np.float64).T
    scale = np.abs(queries.astype(np.float64)) @ np.abs(halves.astype(np.float64)).T
    assert (np.abs(scores - exact) <= 1e-6 * scale).all()


@pytest.mark.parametrize("cut", [0, 3, 40, 200])
def test_a_file_that_is_none_is_named(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "index"
    write_index(file, 8, [drawn(20, 8)])
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(ConfigurationError, match=r"index: no vector index"):
        VectorIndex(file)
    faiss.write_index(faiss.IndexFlatIP(8), str(file))
    with pytest.raises(ConfigurationError, match="no flat index of half-precision vectors"):
        VectorIndex(file)
