"""Weights in panels, and the compiled encoder that reads them: the same model, without a copy in the other order."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from jobs.errors import ConfigurationError
from jobs.inference.forward import WEIGHTS, ExportedBert
from jobs.inference.layers import CompiledEncoder
from jobs.inference.mapped_tensors import mapped_tensors, write_tensors
from jobs.inference.native import KERNELS, PANEL, library
from jobs.inference.panels import PANELS, in_panels, store_panels
from jobs.native import address
from tests.jobs.search.made import embedder
from tests.kernels import callable_here

TEXTS = [np.arange(1, 2 + length, dtype=np.int32) % 23 for length in (4, 1, 31, 17, 2)]


def set_config(directory: Path, **settings: object) -> None:
    config = json.loads((directory / "config.json").read_bytes())
    (directory / "config.json").write_text(json.dumps({**config, **settings}))


@pytest.mark.parametrize("activation", ["gelu", "gelu_pytorch_tanh"])
@pytest.mark.parametrize(("width", "heads", "inner"), [(40, 2, 160), (64, 4, 100), (16, 16, 33), (128, 1, 512)])
def test_the_compiled_encoder_computes_what_numpy_does(
    tmp_path: Path, width: int, heads: int, inner: int, activation: str
) -> None:
    directory = embedder(tmp_path / "model", width=width)
    set_config(directory, hidden_act=activation, num_attention_heads=heads, intermediate_size=inner)
    weights = load_file(directory / WEIGHTS)
    # So small that a step of attention does not decide between words by rounding.
    for name, tensor in weights.items():
        if tensor.ndim == 2:
            tensor *= 0.2
        if "intermediate" in name:
            weights[name] = tensor[:inner].copy()
        elif name.endswith("output.dense.weight") and "attention" not in name:
            weights[name] = tensor[:, :inner].copy()
    save_file(weights, directory / WEIGHTS)
    exact = ExportedBert(directory).hidden_states(TEXTS, [np.zeros_like(text) for text in TEXTS])
    plain = CompiledEncoder(directory).hidden_states(TEXTS)
    store_panels(directory)
    stored = CompiledEncoder(directory).hidden_states(TEXTS)
    for text, wanted, before, after in zip(TEXTS, exact, plain, stored, strict=True):
        assert after.shape == (len(text), width)
        np.testing.assert_allclose(after, wanted, rtol=0, atol=5e-6)
        np.testing.assert_array_equal(after, before)


def test_weights_are_kept_once(tmp_path: Path) -> None:
    directory = embedder(tmp_path / "model", width=40)
    stored = {name: tensor.copy() for name, tensor in mapped_tensors(directory / WEIGHTS).items()}
    store_panels(directory)
    assert not (directory / WEIGHTS).exists()
    kept = mapped_tensors(directory / PANELS)
    matrices = {name for name in kept if name.endswith(".panels")}
    assert {name.rsplit(".", 2)[-2] for name in matrices} == {"query", "key", "value", "dense"}
    for name in stored.keys() & kept.keys():
        np.testing.assert_array_equal(kept[name], stored[name])


@pytest.mark.parametrize("activation", ["gelu", "gelu_pytorch_tanh"])
def test_gelu_is_right_where_it_bends_and_far_out(tmp_path: Path, activation: str) -> None:
    """All that a layer does but gelu is switched off: words of a width of one number each."""
    directory = embedder(tmp_path / "model", width=32, layers=1)
    set_config(directory, hidden_act=activation, num_attention_heads=1)
    weights = {name: np.zeros_like(tensor) for name, tensor in load_file(directory / WEIGHTS).items()}
    # A state's numbers lie within sqrt(32) of 0, and are made larger by the first matrix.
    weights["embeddings.word_embeddings.weight"] = np.random.default_rng(0).standard_normal((23, 32)).astype(np.float32)
    for name in weights:
        if name.endswith("LayerNorm.weight"):
            weights[name][:] = 1
    for number in range(128):
        weights["encoder.layer.0.intermediate.dense.weight"][number, number % 32] = (0.1, 1, 5, 40)[number // 32]
        weights["encoder.layer.0.output.dense.weight"][number % 32, number] = (1, 0.3, 0.2, 0.02)[number // 32]
    save_file(weights, directory / WEIGHTS)
    (exact,) = ExportedBert(directory).hidden_states([np.arange(23)], [np.zeros(23, np.int32)])
    (found,) = CompiledEncoder(directory).hidden_states([np.arange(23)])
    np.testing.assert_allclose(found, exact, rtol=0, atol=2e-6)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_a_text_is_the_same_to_the_last_bit_whatever_is_beside_it(tmp_path: Path, threads: int) -> None:
    directory = embedder(tmp_path / "model", width=64)
    store_panels(directory)
    encoder = CompiledEncoder(directory)
    many = [np.arange(2, 3 + length, dtype=np.int32) for length in range(1, 20)]
    together = encoder.hidden_states(many, threads)
    for text, found in zip(many, together, strict=True):
        (alone,) = encoder.hidden_states([text])
        np.testing.assert_array_equal(found, alone)
    assert encoder.hidden_states([]) == []


BAD: dict[str, tuple[dict[str, object], str, NDArray[Any] | None, str]] = {
    "a tensor that is missing": ({}, "encoder.layer.1.output.dense.bias", None, r"output\.dense\.bias is missing"),
    "one of another shape": (
        {}, "encoder.layer.0.output.dense.bias", np.zeros(15), r"is of shape \(15,\), not \(16,\)"
    ),
    "a matrix of another shape": (
        {}, "encoder.layer.0.output.dense.weight", np.zeros((16, 63)), r"is of shape \(1, 63, 32\), not \(1, 64, 32\)"
    ),
    "a setting of another model": ({"hidden_size": 32}, "", None, r"word_embeddings\.weight is of shape \(23, 16\)"),
    "heads that do not fit": ({"num_attention_heads": 3}, "", None, "3 heads do not divide 16"),
    "an activation that is unknown": ({"hidden_act": "relu"}, "", None, "no settings .*relu"),
    "a setting that is no number": ({"num_hidden_layers": "many"}, "", None, "no settings"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_parts_that_do_not_belong_together_are_named(tmp_path: Path, case: str) -> None:
    settings, name, tensor, said = BAD[case]
    directory = embedder(tmp_path / "model")
    set_config(directory, **settings)
    weights = load_file(directory / WEIGHTS)
    if name:
        del weights[name]
    if tensor is not None:
        weights[name] = tensor.astype(np.float32)
    save_file(weights, directory / WEIGHTS)
    with pytest.raises(ConfigurationError, match=said):
        CompiledEncoder(directory)


@pytest.mark.parametrize("kernel", callable_here(library, KERNELS))
@pytest.mark.parametrize("rows", [1, 2, 5, 11, 12, 13, 29])
@pytest.mark.parametrize(("inputs", "outputs"), [(1, 1), (7, 32), (50, 33), (96, 200)])
def test_a_product_is_numpys(kernel: str, rows: int, inputs: int, outputs: int) -> None:
    draws = np.random.default_rng(rows)
    matrix = draws.standard_normal((inputs, outputs), np.float32)
    left = draws.standard_normal((rows, inputs + 3), np.float32)
    panels = in_panels(matrix)
    width = len(panels) * PANEL + 5
    product = np.full((rows, width), np.nan, np.float32)
    getattr(library, kernel)(
        address(left), rows, inputs + 3, inputs, address(panels), len(panels), address(product), width
    )
    np.testing.assert_allclose(product[:, :outputs], left[:, :inputs] @ matrix, atol=1e-4)
    assert not product[:, outputs:-5].any()
    assert np.isnan(product[:, -5:]).all()


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
