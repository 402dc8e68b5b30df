"""Weights in the order that a query reads them: the same model, without a copy in the other order."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from jobs.errors import ConfigurationError
from jobs.inference.forward import INPUT_MAJOR, WEIGHTS, ExportedBert, store_input_major
from jobs.inference.mapped_tensors import mapped_tensors, write_tensors
from tests.jobs.search.made import embedder

IDS = np.array([[2, 7, 9, 3], [2, 6, 3, 0]], np.int32)
MASK = (IDS > 0).astype(np.int32)


def test_the_model_computes_what_it_did(tmp_path: Path) -> None:
    directory = embedder(tmp_path / "model")
    before = ExportedBert(directory).hidden_states(IDS, MASK, np.zeros_like(IDS))
    stored = {name: tensor.copy() for name, tensor in mapped_tensors(directory / WEIGHTS).items()}
    store_input_major(directory)
    np.testing.assert_allclose(
        ExportedBert(directory).hidden_states(IDS, MASK, np.zeros_like(IDS)), before, rtol=0, atol=1e-12
    )
    assert not (directory / WEIGHTS).exists()
    kept = mapped_tensors(directory / INPUT_MAJOR)
    kernels = {name for name in kept if name.endswith(".kernel")}
    assert {name.rsplit(".", 2)[-2] for name in kernels} == {"query", "key", "value", "dense"}
    for name, tensor in stored.items():
        kernel = f"{name.removesuffix('.weight')}.kernel"
        np.testing.assert_array_equal(kept[kernel].T if kernel in kernels else kept[name], tensor)


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
