"""Weights in panels: the same model, without a copy in the other order."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.errors import ConfigurationError
from jobs.inference.forward import PANELS, WEIGHTS, ExportedBert, store_panels
from jobs.inference.mapped_tensors import mapped_tensors, write_tensors
from jobs.inference.native import PANEL, library
from jobs.inference.panels import in_panels, multiply
from jobs.native import address
from tests.jobs.search.made import embedder

TEXTS = [np.array([2, 7, 9, 3], np.int32), np.array([2, 6, 3], np.int32)]
SEGMENTS = [np.zeros_like(text) for text in TEXTS]


def test_the_model_computes_what_it_did(tmp_path: Path) -> None:
    directory = embedder(tmp_path / "model", width=40)
    before = ExportedBert(directory).hidden_states(TEXTS, SEGMENTS)
    stored = {name: tensor.copy() for name, tensor in mapped_tensors(directory / WEIGHTS).items()}
    store_panels(directory)
    after = ExportedBert(directory, np.float32).hidden_states(TEXTS, SEGMENTS)
    assert [text.shape for text in after] == [(4, 40), (3, 40)]
    for text, exact in zip(after, before, strict=True):
        np.testing.assert_allclose(text, exact, rtol=0, atol=1e-4)
    assert not (directory / WEIGHTS).exists()
    kept = mapped_tensors(directory / PANELS)
    matrices = {name for name in kept if name.endswith(".panels")}
    assert {name.rsplit(".", 2)[-2] for name in matrices} == {"query", "key", "value", "dense"}
    for name in stored.keys() & kept.keys():
        np.testing.assert_array_equal(kept[name], stored[name])


def test_a_text_is_the_same_to_the_last_bit_whatever_is_beside_it(tmp_path: Path) -> None:
    directory = embedder(tmp_path / "model", width=64)
    store_panels(directory)
    bert = ExportedBert(directory, np.float32)
    many = [np.arange(2, 3 + length, dtype=np.int32) for length in range(1, 20)]
    together = bert.hidden_states(many, [np.zeros_like(text) for text in many])
    for text, found in zip(many, together, strict=True):
        (alone,) = bert.hidden_states([text], [np.zeros_like(text)])
        np.testing.assert_array_equal(found, alone)


@pytest.mark.parametrize("kernel", [library.multiply_panels, library.multiply_panels_anywhere])
@pytest.mark.parametrize("rows", [1, 2, 5, 11, 12, 13, 29])
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (7, 32), (50, 33), (96, 200)])
def test_a_product_is_numpys(kernel: Any, rows: int, inputs: int, outputs: int) -> None:
    draws = np.random.default_rng(rows)
    matrix = draws.standard_normal((inputs, outputs), np.float32)
    left = draws.standard_normal((rows, inputs), np.float32)
    panels = in_panels(matrix)
    product = np.full((rows, len(panels) * PANEL), np.nan, np.float32)
    kernel(address(left), rows, inputs, address(panels), len(panels), address(product))
    np.testing.assert_allclose(product[:, :outputs], left @ matrix, atol=1e-4)
    assert not product[:, outputs:].any()


def test_a_product_of_rows_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="3 inputs"):
        multiply(np.zeros((2, 4), np.float32), in_panels(np.zeros((3, 5))), 5)


def test_tensors_come_back_from_a_file_and_one_that_was_cut_is_named(tmp_path: Path) -> None:
    file = tmp_path / "tensors"
    tensors: dict[str, NDArray[Any]] = {
        "a": np.arange(6, dtype=np.float32).reshape(2, 3).T,
        "b": np.array([1.5], np.float16),
        "c": np.zeros((0, 4)),
    }
    write_tensors(file, tensors)
    found = mapped_tensors(file)
    assert list(found) == list(tensors)
    for name, tensor in tensors.items():
        np.testing.assert_array_equal(found[name], tensor, strict=True)
    file.write_bytes(file.read_bytes()[:-1])
    with pytest.raises(ConfigurationError, match="it is cut"):
        mapped_tensors(file)
