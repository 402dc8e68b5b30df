"""The loss that pretraining minimises, and the sums that an evaluation adds up."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import tensorflow as tf

from jobs.model.fused import cross_entropy

COMPILED_FROM_ENTRIES = 16_384
"""Entries of a vocabulary from which the loss of its words is compiled: the larger ones are those of large models."""
Batch = Mapping[str, tf.Tensor]
"""Features of B examples by name, as ``jobs.model.dataset`` parses them."""


class Losses(NamedTuple):
    total: tf.Tensor
    mlm: tf.Tensor
    nsp: tf.Tensor


_OF_PAIRS = re.compile(r"bert/pooler/|cls/seq_relationship/")


def trainable_variables(variables_by_name: Mapping[str, tf.Variable], next_sentence: bool) -> dict[str, tf.Variable]:
    """The variables that the loss depends on."""
    return {name: v for name, v in variables_by_name.items() if next_sentence or not _OF_PAIRS.match(name)}


def pretraining_loss(
    mlm_logits: tf.Tensor,
    nsp_logits: tf.Tensor,
    batch: Batch,
    *,
    words: tf.Tensor,
    pairs: tf.Tensor,
    next_sentence: bool = True,
) -> Losses:
    """Masked-word and next-sentence cross-entropy, and their sum, as google-research/bert's run_pretraining.

    ``batch`` may be a microbatch: ``words`` (the sum of ``masked_lm_weights``) and ``pairs`` (the number of examples)
    are those of the step's whole batch, so that the microbatches' losses add up to the batch's. (google's code on a TPU
    divides by each core's own words instead.) A batch without any masked word costs 0: hence the 1e-5.
    Without ``next_sentence`` that loss is 0.
    """
    costs = batch["masked_lm_weights"] * _cross_entropy(mlm_logits, batch["masked_lm_ids"])
    mlm = tf.reduce_sum(costs) / (words + 1e-5)
    if not next_sentence:
        return Losses(mlm, mlm, tf.zeros([]))
    nsp = tf.reduce_sum(_cross_entropy(nsp_logits, batch["next_sentence_labels"][:, 0])) / pairs
    return Losses(mlm + nsp, mlm, nsp)


def evaluation_sums(
    mlm_logits: tf.Tensor, nsp_logits: tf.Tensor, batch: Batch, next_sentence: bool = True
) -> tf.Tensor:
    """Six sums over one batch, in the order in which ``Evaluation.of_sums`` takes them; [6].

    Rows whose ``is_padding`` [B] is not 0 only fill the batch. Without ``next_sentence`` no pair is counted.
    """
    real = 1.0 - tf.cast(batch["is_padding"], tf.float32)
    pairs = real if next_sentence else tf.zeros_like(real)
    words, weights = batch["masked_lm_ids"], batch["masked_lm_weights"] * real[:, None]
    labels = batch["next_sentence_labels"][:, 0]
    return tf.stack(
        [
            tf.reduce_sum(weights),
            tf.reduce_sum(weights * _cross_entropy(mlm_logits, words)),
            tf.reduce_sum(weights * _hits(mlm_logits, words)),
            tf.reduce_sum(pairs),
            tf.reduce_sum(pairs * _cross_entropy(nsp_logits, labels)),
            tf.reduce_sum(pairs * _hits(nsp_logits, labels)),
        ]
    )


def _cross_entropy(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """Cross-entropy per row: google's one-hot product without a one-hot matrix of the vocabulary's width."""
    return cross_entropy(logits, labels, compiled=logits.shape[-1] >= COMPILED_FROM_ENTRIES)


def _hits(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.equal(tf.argmax(logits, axis=-1, output_type=labels.dtype), labels), tf.float32)
