"""Updates with settings beyond the recipe: in parts, and without next-sentence prediction."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from jobs.model import optimizer as updating
from jobs.model.bert import Bert, BertConfig
from jobs.model.optimizer import AdamWeightDecay
from jobs.model.pretraining import Pretraining
from jobs.model.train_step import evaluation_step_function, metric_names, train_steps_function
from jobs.recipe import Precision

K, B, S, P, V = 2, 8, 12, 3, 50
SMALL = {
    "vocab_size": V,
    "hidden_size": 8,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 16,
}
HEAD = ("bert/pooler/", "cls/seq_relationship/")
Weights = dict[str, npt.NDArray[np.float32]]


def batches(examples: int = B, length: int = S, predictions: int = P) -> dict[str, tf.Tensor]:
    rng = np.random.default_rng(0)
    integers = {
        "input_ids": (V, length),
        "input_mask": (2, length),
        "segment_ids": (2, length),
        "masked_lm_positions": (length, predictions),
        "masked_lm_ids": (V, predictions),
        "next_sentence_labels": (2, 1),
    }
    made = {
        name: tf.constant(rng.integers(0, limit, (K, examples, n)), tf.int32) for name, (limit, n) in integers.items()
    }
    # As many masked words in no part as in another.
    return made | {"masked_lm_weights": tf.constant(rng.integers(0, 2, (K, examples, predictions)), tf.float32)}


def updated(
    given: dict[str, tf.Tensor],
    *,
    dropout: float = 0.0,
    rate: float = 0.01,
    architecture: dict[str, int] | None = None,
    calls: int = 1,
    next_sentence: bool = True,
    precision: Precision = "float32",
    **options: Any,
) -> tuple[npt.NDArray[np.float32], Weights, Bert]:
    """The last call's measures of the given steps, and weights after all of them."""
    dropped = {"hidden_dropout_prob": dropout, "attention_probs_dropout_prob": dropout}
    model = Bert(BertConfig(**(architecture or SMALL), **dropped), 3, precision)
    objective = Pretraining(next_sentence)
    optimizer = AdamWeightDecay(objective.trainable_variables(model.variables_by_name))
    update = train_steps_function(tf.distribute.OneDeviceStrategy("CPU:0"), model, optimizer, objective, **options)
    rates = tf.fill([given["input_ids"].shape[0]], rate)
    for _ in range(calls):
        measures = update(given, tf.constant(42), tf.constant(0), rates).numpy()
    return measures, {name: v.numpy() for name, v in model.variables_by_name.items()}, model


@pytest.fixture(scope="module")
def whole() -> tuple[npt.NDArray[np.float32], Weights, Bert]:
    return updated(batches())


def test_a_batch_in_parts_makes_the_update_of_the_whole(whole: tuple[npt.NDArray[np.float32], Weights, Bert]) -> None:
    measures, weights, _ = updated(batches(), accumulation=4)
    np.testing.assert_allclose(measures, whole[0], rtol=1e-5)
    for name, value in whole[1].items():
        # Adam divides by the root of tiny sums: of updates of 0.02, so much is rounding.
        np.testing.assert_allclose(weights[name], value, rtol=0, atol=1e-5, err_msg=name)


@pytest.mark.slow
def test_large_parts_add_up_too() -> None:
    """From some size on TensorFlow rewrites sums to save memory, and within loops a second call finds
    what the first one left."""
    larger = {"vocab_size": 4000, "hidden_size": 128, "num_hidden_layers": 2, "intermediate_size": 512}
    measures, *_ = updated(batches(256, 128, 20), dropout=0.1, architecture=SMALL | larger, calls=2, accumulation=4)
    assert np.isfinite(measures).all()


@pytest.mark.parametrize("accumulation", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_rounded_copies_of_the_weights_are_those_that_casting_gives(
    accumulation: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second step reads what the first one wrote. Sums in another order may be rounded to the next number."""
    options: dict[str, Any] = {"precision": "bfloat16", "dropout": 0.1, "accumulation": accumulation}
    casting = updated(batches(), **options)
    monkeypatch.setattr(updating, "COMPILED_FROM_ELEMENTS", SMALL["hidden_size"] ** 2)
    copying = updated(batches(), **options)
    np.testing.assert_allclose(copying[0], casting[0], rtol=1e-4)
    for name, value in casting[1].items():
        np.testing.assert_allclose(copying[1][name], value, rtol=0, atol=1e-3, err_msg=name)


def test_each_part_drops_something_else() -> None:
    half = {name: values[:, : B // 2] for name, values in batches().items()}
    half = {name: tf.stack([values[0], values[0]]) for name, values in half.items()}
    twice = {name: tf.concat([values[:1], values[:1]], axis=1) for name, values in half.items()}
    alone, _, _ = updated(half, dropout=0.5, rate=0.0)
    together, _, _ = updated(twice, dropout=0.5, rate=0.0, accumulation=2)
    # The halves of step 0 drop what steps 0 and 1 do alone.
    assert alone[0, 0] != alone[1, 0]
    np.testing.assert_allclose(together[0, :3], alone[:, :3].mean(axis=0), rtol=1e-5)


def test_without_next_sentences_words_alone_are_learnt(
    whole: tuple[npt.NDArray[np.float32], Weights, Bert],
) -> None:
    measures, weights, model = updated(batches(), next_sentence=False)
    first = dict(zip(metric_names(Pretraining(False)), measures[0].tolist(), strict=True))
    both = dict(zip(metric_names(Pretraining()), whole[0][0].tolist(), strict=True))
    assert first["loss"] == first["mlm_loss"] == pytest.approx(both["mlm_loss"], rel=1e-6)
    assert "nsp_loss" not in first
    assert 0 < first["gradient_norm"] < both["gradient_norm"]
    untrained = Bert(model.config, 3).variables_by_name
    for name, value in weights.items():
        assert np.array_equal(value, untrained[name].numpy()) == name.startswith(HEAD), name


def test_without_next_sentences_no_pair_is_scored(whole: tuple[npt.NDArray[np.float32], Weights, Bert]) -> None:
    strategy, model = tf.distribute.OneDeviceStrategy("CPU:0"), whole[2]
    batch = {name: values[0] for name, values in batches().items()} | {"is_padding": tf.zeros([B], tf.int32)}
    both = evaluation_step_function(strategy, model)(batch).numpy()
    words = evaluation_step_function(strategy, model, next_sentence=False)(batch).numpy()
    assert words.tolist() == [*both[:3].tolist(), 0.0, 0.0, 0.0]
    assert both[3] == B
