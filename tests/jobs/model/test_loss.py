"""Losses and evaluation sums against the formulae in numpy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from jobs.model.loss import evaluation, evaluation_sums, pretraining_loss

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
    }


def cross_entropy(logits: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    exponents = np.exp(logits.astype(np.float64))
    shares = exponents / exponents.sum(-1, keepdims=True)
    picked: npt.NDArray[np.float64] = np.take_along_axis(shares, labels[..., None], -1)[..., 0]
    return -np.log(picked)


def test_losses_are_google_s() -> None:
    losses = pretraining_loss(tf.constant(MLM), tf.constant(NSP), batch())
    mlm = (cross_entropy(MLM, WORDS) * WEIGHTS).sum() / (7 + 1e-5)
    nsp = cross_entropy(NSP, LABELS[:, 0]).mean()
    assert float(losses.mlm) == pytest.approx(mlm, rel=1e-5)
    assert float(losses.nsp) == pytest.approx(nsp, rel=1e-5)
    assert float(losses.total) == pytest.approx(mlm + nsp, rel=1e-5)


def test_a_batch_without_masked_words_costs_nothing() -> None:
    losses = pretraining_loss(tf.constant(MLM), tf.constant(NSP), batch(np.zeros_like(WEIGHTS)))
    assert float(losses.mlm) == 0.0


def test_evaluation_is_the_weighted_mean_over_batches() -> None:
    halves = [slice(0, 1), slice(1, 3)]
    sums = np.zeros(6)
    for rows in halves:
        part = {name: tensor[rows] for name, tensor in batch().items()}
        sums += evaluation_sums(tf.constant(MLM[rows]), tf.constant(NSP[rows]), part).numpy()

    result = evaluation(5, *sums)

    mlm = (cross_entropy(MLM, WORDS) * WEIGHTS).sum() / 7
    assert result.step == 5
    assert result.mlm_loss == pytest.approx(mlm, rel=1e-5)
    assert result.perplexity == pytest.approx(np.exp(mlm), rel=1e-5)
    assert result.mlm_accuracy == pytest.approx(((MLM.argmax(-1) == WORDS) * WEIGHTS).sum() / 7)
    assert result.nsp_loss == pytest.approx(cross_entropy(NSP, LABELS[:, 0]).mean(), rel=1e-5)
    assert result.nsp_accuracy == pytest.approx((NSP.argmax(-1) == LABELS[:, 0]).mean())


def test_evaluation_of_nothing_and_of_a_lost_model_are_numbers() -> None:
    assert evaluation(0, 0, 0, 0, 0, 0, 0).mlm_loss == 0.0
    assert evaluation(0, 1, 1e6, 0, 1, 1, 0).perplexity > 1e300
