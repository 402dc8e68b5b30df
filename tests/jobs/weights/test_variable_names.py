"""google's variables become transformers' tensors, every one accounted for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open

from jobs.errors import ConfigurationError
from jobs.weights.hugging_face import to_hugging_face, write_safetensors
from jobs.weights.variable_names import tensors

TINY: dict[str, Any] = {
    "vocab_size": 11,
    "hidden_size": 4,
    "num_hidden_layers": 2,
    "intermediate_size": 6,
    "max_position_embeddings": 8,
    "type_vocab_size": 2,
}
BASE = TINY | {"vocab_size": 28996, "hidden_size": 768, "num_hidden_layers": 12, "intermediate_size": 3072}
LARGE = TINY | {"vocab_size": 58996, "hidden_size": 1024, "num_hidden_layers": 24, "intermediate_size": 4096}


@pytest.fixture
def weights() -> dict[str, NDArray[Any]]:
    rng = np.random.default_rng(1)
    return {t.google: rng.standard_normal(t.shape).astype(np.float32) for t in tensors(TINY)}


@pytest.mark.parametrize(("config", "count"), [(BASE, 206), (LARGE, 398)], ids=["base", "large"])
def test_the_number_of_tensors(config: dict[str, Any], count: int) -> None:
    known = tensors(config)
    assert len(known) == len({t.google for t in known}) == len({t.hugging_face for t in known}) == count


@pytest.mark.parametrize(
    ("google", "hugging_face", "transposed"),
    [
        ("bert/embeddings/word_embeddings", "bert.embeddings.word_embeddings.weight", False),
        ("bert/embeddings/LayerNorm/gamma", "bert.embeddings.LayerNorm.weight", False),
        ("bert/encoder/layer_1/attention/self/query/kernel", "bert.encoder.layer.1.attention.self.query.weight", True),
        ("bert/encoder/layer_0/output/LayerNorm/beta", "bert.encoder.layer.0.output.LayerNorm.bias", False),
        ("bert/encoder/layer_0/intermediate/dense/kernel", "bert.encoder.layer.0.intermediate.dense.weight", True),
        ("bert/pooler/dense/bias", "bert.pooler.dense.bias", False),
        ("cls/predictions/transform/dense/kernel", "cls.predictions.transform.dense.weight", True),
        ("cls/predictions/output_bias", "cls.predictions.bias", False),
        ("cls/seq_relationship/output_weights", "cls.seq_relationship.weight", False),
        ("cls/seq_relationship/output_bias", "cls.seq_relationship.bias", False),
    ],
)
def test_names_and_layout(weights: dict[str, NDArray[Any]], google: str, hugging_face: str, transposed: bool) -> None:
    array = weights[google]
    np.testing.assert_array_equal(to_hugging_face(weights, TINY)[hugging_face], array.T if transposed else array)


def test_a_missing_variable_is_named(weights: dict[str, NDArray[Any]]) -> None:
    del weights["bert/encoder/layer_1/output/dense/bias"]
    with pytest.raises(ConfigurationError, match="lacks bert/encoder/layer_1/output/dense/bias"):
        to_hugging_face(weights, TINY)


def test_an_unknown_variable_is_named(weights: dict[str, NDArray[Any]]) -> None:
    weights["bert/pooler/dense/kernel/adam_m"] = weights["bert/pooler/dense/kernel"]
    with pytest.raises(ConfigurationError, match="bert/pooler/dense/kernel/adam_m has no place"):
        to_hugging_face(weights, TINY)


def test_another_shape_is_refused(weights: dict[str, NDArray[Any]]) -> None:
    weights["cls/seq_relationship/output_weights"] = weights["cls/seq_relationship/output_weights"].T
    with pytest.raises(ConfigurationError, match=r"output_weights has shape \[4, 2\], expected \[2, 4\]"):
        to_hugging_face(weights, TINY)


def test_numbers_that_are_not_finite_are_refused(weights: dict[str, NDArray[Any]]) -> None:
    weights["bert/pooler/dense/bias"][0] = np.nan
    with pytest.raises(ConfigurationError, match="bert/pooler/dense/bias holds values that are not finite"):
        to_hugging_face(weights, TINY)


def test_the_file_says_its_layout_and_is_always_the_same(weights: dict[str, NDArray[Any]], tmp_path: Path) -> None:
    exported = to_hugging_face(weights, TINY)
    write_safetensors(exported, tmp_path / "one")
    write_safetensors(dict(reversed(exported.items())), tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    with safe_open(str(tmp_path / "one"), framework="numpy") as file:
        assert file.metadata() == {"format": "pt"}
        assert set(file.keys()) == {t.hugging_face for t in tensors(TINY)}
