"""The model's state: google's names and shapes, and a first value that follows from the seed."""

from __future__ import annotations

import numpy as np
import pytest

from jobs.model.bert import Bert, BertConfig, variable_shapes
from jobs.recipe import load_recipe

SMALL = BertConfig(vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)

BASE_LAYER = """
attention/self/query/kernel 768x768
attention/self/query/bias 768
attention/self/key/kernel 768x768
attention/self/key/bias 768
attention/self/value/kernel 768x768
attention/self/value/bias 768
attention/output/dense/kernel 768x768
attention/output/dense/bias 768
attention/output/LayerNorm/beta 768
attention/output/LayerNorm/gamma 768
intermediate/dense/kernel 768x3072
intermediate/dense/bias 3072
output/dense/kernel 3072x768
output/dense/bias 768
output/LayerNorm/beta 768
output/LayerNorm/gamma 768
"""
BASE_REST = """
bert/embeddings/word_embeddings 28996x768
bert/embeddings/token_type_embeddings 2x768
bert/embeddings/position_embeddings 512x768
bert/embeddings/LayerNorm/beta 768
bert/embeddings/LayerNorm/gamma 768
bert/pooler/dense/kernel 768x768
bert/pooler/dense/bias 768
cls/predictions/transform/dense/kernel 768x768
cls/predictions/transform/dense/bias 768
cls/predictions/transform/LayerNorm/beta 768
cls/predictions/transform/LayerNorm/gamma 768
cls/predictions/output_bias 28996
cls/seq_relationship/output_weights 2x768
cls/seq_relationship/output_bias 2
"""


def config_of(recipe: str, vocab_size: int) -> BertConfig:
    return BertConfig(**load_recipe(recipe).architecture.model_dump(), vocab_size=vocab_size)


def test_base_has_the_206_variables_of_the_published_checkpoints() -> None:
    layers = [f"bert/encoder/layer_{index}/{line}" for index in range(12) for line in BASE_LAYER.strip().splitlines()]
    published = {}
    for line in BASE_REST.strip().splitlines() + layers:
        name, shape = line.split()
        published[name] = tuple(int(size) for size in shape.split("x"))

    shapes = variable_shapes(config_of("clinical", 28996))

    assert len(shapes) == 206
    assert shapes == published


def test_large_has_398_variables() -> None:
    assert len(variable_shapes(config_of("bio", 58996))) == 398


def test_a_model_has_just_these_variables() -> None:
    model = Bert(SMALL)
    assert {name: tuple(v.shape) for name, v in model.variables_by_name.items()} == variable_shapes(SMALL)
    assert len(model.trainable_variables) == len(model.variables_by_name)
    assert all(v.name == f"{name}:0" for name, v in model.variables_by_name.items())


def test_first_values_follow_from_the_seed() -> None:
    first, again, other = (
        {name: v.numpy() for name, v in Bert(SMALL, seed).variables_by_name.items()} for seed in (1, 1, 2)
    )
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name])
        drawn = name.endswith(("kernel", "embeddings", "output_weights"))
        assert drawn != np.array_equal(value, other[name]), name


def test_first_values_do_not_depend_on_the_other_variables() -> None:
    deeper = SMALL.model_copy(update={"num_hidden_layers": 3})
    shallow, deep = Bert(SMALL, 1).variables_by_name, Bert(deeper, 1).variables_by_name
    for name, variable in shallow.items():
        np.testing.assert_array_equal(variable.numpy(), deep[name].numpy())


@pytest.mark.parametrize("name", ["bert/embeddings/position_embeddings", "bert/encoder/layer_1/output/dense/kernel"])
def test_weights_are_drawn_from_a_truncated_normal(name: str) -> None:
    values = Bert(SMALL.model_copy(update={"initializer_range": 0.5})).variables_by_name[name].numpy()
    assert abs(values).max() <= 2 * 0.5  # two standard deviations
    assert abs(values.mean()) < 0.06
    assert values.std() == pytest.approx(0.5 * 0.88, rel=0.07)  # what truncation leaves


def test_layer_norms_begin_as_identity_and_biases_at_zero() -> None:
    for name, variable in Bert(SMALL).variables_by_name.items():
        if name.endswith("gamma"):
            assert (variable.numpy() == 1).all()
        if name.endswith(("beta", "bias")):
            assert (variable.numpy() == 0).all()
