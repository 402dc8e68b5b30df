"""What the model computes, beside its equality with transformers."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from jobs.model.bert import Bert, BertConfig
from jobs.model.fused import gelu_erf, gelu_tanh
from jobs.recipe import Precision

CONFIG = BertConfig(
    vocab_size=50,
    hidden_size=16,
    num_hidden_layers=2,
    num_attention_heads=2,
    intermediate_size=32,
    max_position_embeddings=12,
    initializer_range=0.3,
)
B, S, P = 3, 10, 4


@pytest.fixture(scope="module")
def model() -> Bert:
    return Bert(CONFIG, seed=5)


@pytest.fixture
def inputs() -> list[tf.Tensor]:
    rng = np.random.default_rng(0)
    mask = (np.arange(S) < np.array([[10], [6], [8]])).astype(int)
    arrays = [rng.integers(0, 50, (B, S)), mask, rng.integers(0, 2, (B, S)), rng.integers(0, 6, (B, P))]
    return [tf.constant(a, tf.int32) for a in arrays]


def numbers(tensors: tuple[tf.Tensor, tf.Tensor]) -> list[npt.NDArray[np.float32]]:
    return [t.numpy() for t in tensors]


def test_shapes(model: Bert, inputs: list[tf.Tensor]) -> None:
    mlm, nsp = model.pretraining_logits(*inputs)
    assert (tuple(mlm.shape), tuple(nsp.shape)) == ((B, P, 50), (B, 2))
    assert tuple(model.sequence_output(*inputs[:3]).shape) == (B, S, 16)


def test_what_padding_holds_does_not_matter(model: Bert, inputs: list[tf.Tensor]) -> None:
    ids, mask, segments, positions = inputs
    other = tf.where(mask == 1, ids, (ids + 7) % 50)
    assert not np.array_equal(other, ids)
    for ours, theirs in zip(
        numbers(model.pretraining_logits(ids, mask, segments, positions)),
        numbers(model.pretraining_logits(other, mask, segments, positions)),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_some_positions_are_what_they_are_among_all(inputs: list[tf.Tensor], precision: Precision) -> None:
    """And so are the gradients, though the last layer computes those positions alone."""
    model = Bert(CONFIG, seed=5, precision=precision)
    ids, mask, segments, positions = inputs
    trained = [v for name, v in model.variables_by_name.items() if name.startswith("bert/e")]
    with tf.GradientTape(persistent=True) as tape:
        some = model.sequence_output(ids, mask, segments, positions=positions)
        among_all = tf.gather(model.sequence_output(ids, mask, segments), positions, batch_dims=1)
        losses = [tf.reduce_sum(tf.sin(vectors)) for vectors in (some, among_all)]
    assert tuple(some.shape) == (B, P, 16)
    tolerance = {"float32": 1e-5, "bfloat16": 0.1}[precision]
    np.testing.assert_allclose(some, among_all, atol=tolerance)
    for variable, *gradients in zip(trained, *(tape.gradient(loss, trained) for loss in losses), strict=True):
        ours, expected = (tf.convert_to_tensor(gradient).numpy() for gradient in gradients)
        np.testing.assert_allclose(
            ours, expected, atol=tolerance * max(1, np.abs(expected).max()), err_msg=variable.name
        )


def test_an_example_does_not_see_its_neighbours(model: Bert, inputs: list[tf.Tensor]) -> None:
    together = numbers(model.pretraining_logits(*inputs))
    alone = numbers(model.pretraining_logits(*[t[1:2] for t in inputs]))
    for one, all_of_them in zip(alone, together, strict=True):
        np.testing.assert_allclose(one[0], all_of_them[1], atol=1e-5)


def test_dropout_follows_from_seed_and_step(model: Bert, inputs: list[tf.Tensor]) -> None:
    def logits(seed: int, step: int) -> npt.NDArray[np.float32]:
        values: npt.NDArray[np.float32] = model.pretraining_logits(*[*inputs, tf.constant([seed, step])])[0].numpy()
        return values

    np.testing.assert_array_equal(logits(1, 1), logits(1, 1))
    for seed, step in ((1, 2), (2, 1), (2, 2)):
        assert not np.allclose(logits(1, 1), logits(seed, step))


def test_without_a_seed_nothing_is_dropped(model: Bert, inputs: list[tf.Tensor]) -> None:
    certain = Bert(CONFIG.model_copy(update={"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}), seed=5)
    plain = numbers(model.pretraining_logits(*inputs))
    for ours, theirs in zip(plain, numbers(certain.pretraining_logits(*[*inputs, tf.constant([1, 1])])), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_lower_precision_is_that_of_products_alone(model: Bert, inputs: list[tf.Tensor]) -> None:
    lower = Bert(CONFIG, seed=5, precision="bfloat16")
    assert {v.dtype for v in lower.variables_by_name.values()} == {tf.float32}
    for ours, theirs in zip(lower.pretraining_logits(*inputs), model.pretraining_logits(*inputs), strict=True):
        assert ours.dtype == tf.float32
        assert not np.array_equal(ours, theirs)
        np.testing.assert_allclose(ours, theirs, atol=0.1)


@pytest.mark.parametrize(("x", "expected"), [(0.0, 0.0), (1.0, 0.841192), (-1.0, -0.158808), (3.0, 2.996363)])
def test_gelu_tanh(x: float, expected: float) -> None:
    # The erf form has 0.841345 at 1 and 2.995950 at 3.
    assert float(gelu_tanh(tf.constant(x))[0]) == pytest.approx(expected, abs=2e-6)


@pytest.mark.parametrize("x", [0.0, 1.0, -1.0, 3.0, -5.0])
def test_gelu_erf(x: float) -> None:
    expected = x * 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))
    assert float(gelu_erf(tf.constant(x))[0]) == pytest.approx(expected, abs=1e-6)


def test_the_activation_is_the_recipe_s(model: Bert, inputs: list[tf.Tensor]) -> None:
    exact = Bert(CONFIG.model_copy(update={"hidden_act": "gelu"}), seed=5)
    ours, theirs = (m.pretraining_logits(*inputs)[0].numpy() for m in (model, exact))
    assert 0 < np.abs(ours - theirs).max() < 0.1


@pytest.mark.parametrize(("activation", "google"), [("gelu_pytorch_tanh", "gelu"), ("gelu", "gelu_erf")])
def test_google_s_configuration_goes_there_and_back(activation: str, google: str) -> None:
    config = CONFIG.model_copy(update={"hidden_act": activation})
    assert config.google()["hidden_act"] == google
    assert BertConfig.of_google(config.google()) == config
