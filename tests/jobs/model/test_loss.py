"""Losses and evaluation sums against the formulae in numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from jobs.model.evaluation import PretrainingEvaluation
from jobs.model.loss import Losses, evaluation_sums, pretraining_loss

B, P, V = 3, 4, 7
RNG = np.random.default_rng(0)
MLM, NSP = RNG.normal(size=(B, P, V)).astype(np.float32), RNG.normal(size=(B, 2)).astype(np.float32)
WORDS, LABELS = RNG.integers(0, V, (B, P)), RNG.integers(0, 2, (B, 1))
WEIGHTS = np.array([[1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 0, 0]], np.float32)


def batch(weights: npt.NDArray[np.float32] = WEIGHTS) -> dict[str, tf.Tensor]:
    return {
        "masked_lm_ids": tf.constant(WORDS, tf.int32),
        "masked_lm_weights": tf.constant(weights),
        "next_sentence_labels": tf.constant(LABELS, tf.int32),
        "is_padding": tf.constant([0] * B),
    }


def loss_of(rows: slice, weights: npt.NDArray[np.float32] = WEIGHTS) -> Losses:
    """What some rows contribute to the loss of all."""
    part = {name: tensor[rows] for name, tensor in batch(weights).items()}
    words, pairs = tf.constant(weights.sum()), tf.constant(float(B))
    return pretraining_loss(tf.constant(MLM[rows]), tf.constant(NSP[rows]), part, words=words, pairs=pairs)


def cross_entropy(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    exponents = np.exp(logits.astype(np.float64))
    shares = exponents / exponents.sum(-1, keepdims=True)
    picked: npt.NDArray[np.float64] = np.take_along_axis(shares, labels[..., None], -1)[..., 0]
    return -np.log(picked)


def test_losses_are_google_s() -> None:
    losses = loss_of(slice(None))
    mlm = (cross_entropy(MLM, WORDS) * WEIGHTS).sum() / (7 + 1e-5)
    nsp = cross_entropy(NSP, LABELS[:, 0]).mean()
    assert float(losses.mlm) == pytest.approx(mlm, rel=1e-5)
    assert float(losses.nsp) == pytest.approx(nsp, rel=1e-5)
    assert float(losses.total) == pytest.approx(mlm + nsp, rel=1e-5)


def test_a_batch_without_masked_words_costs_nothing() -> None:
    assert float(loss_of(slice(None), np.zeros_like(WEIGHTS)).mlm) == 0.0


def test_the_parts_of_a_batch_add_up_to_the_whole() -> None:
    parts = [loss_of(slice(row, row + 1)) for row in range(B)]
    for measure, whole in loss_of(slice(None))._asdict().items():
        assert sum(float(getattr(part, measure)) for part in parts) == pytest.approx(float(whole), rel=1e-6)


def test_evaluation_is_the_weighted_mean_over_batches() -> None:
    halves = [slice(0, 1), slice(1, 3)]
    sums = np.zeros(6)
    for rows in halves:
        part = {name: tensor[rows] for name, tensor in batch().items()}
        sums += evaluation_sums(tf.constant(MLM[rows]), tf.constant(NSP[rows]), part).numpy()

    result = PretrainingEvaluation.of_sums(5, *sums)

    mlm = (cross_entropy(MLM, WORDS) * WEIGHTS).sum() / 7
    assert result.step == 5
    assert result.mlm_loss == pytest.approx(mlm, rel=1e-5)
    assert result.perplexity == pytest.approx(np.exp(mlm), rel=1e-5)
    assert result.mlm_accuracy == pytest.approx(((MLM.argmax(-1) == WORDS) * WEIGHTS).sum() / 7)
    assert result.nsp_loss == pytest.approx(cross_entropy(NSP, LABELS[:, 0]).mean(), rel=1e-5)
    assert result.nsp_accuracy == pytest.approx((NSP.argmax(-1) == LABELS[:, 0]).mean())


def test_rows_that_only_fill_a_batch_do_not_count() -> None:
    padded = batch() | {"is_padding": tf.constant([0, 1, 0])}
    rows = [0, 2]
    real = {name: tf.gather(tensor, rows) for name, tensor in batch().items()}
    np.testing.assert_allclose(
        evaluation_sums(tf.constant(MLM), tf.constant(NSP), padded),
        evaluation_sums(tf.constant(MLM[rows]), tf.constant(NSP[rows]), real),
        rtol=1e-6,
    )


def test_evaluation_of_nothing_and_of_a_lost_model_are_numbers() -> None:
    assert PretrainingEvaluation.of_sums(0, 0, 0, 0, 0, 0, 0).mlm_loss == 0.0
    assert PretrainingEvaluation.of_sums(0, 1, 1e6, 0, 1, 1, 0).perplexity > 1e300
