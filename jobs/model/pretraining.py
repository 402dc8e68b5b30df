"""The objective of pretraining: masked words and, unless it is switched off, next sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import tensorflow as tf

from jobs.model.bert import Bert
from jobs.model.loss import Batch, pretraining_loss, trainable_variables
from jobs.model.objective import Evaluator
from jobs.model.pretraining_evaluator import PretrainingEvaluator

if TYPE_CHECKING:
    from jobs.model.training_task import TrainingContext, TrainingTask


@dataclass(frozen=True)
class Pretraining:
    """An ``Objective``."""

    next_sentence: bool = True

    @property
    def losses(self) -> tuple[str, ...]:
        return ("loss", "mlm_loss", "nsp_loss") if self.next_sentence else ("loss", "mlm_loss")

    def trainable_variables(self, variables_by_name: Mapping[str, tf.Variable]) -> dict[str, tf.Variable]:
        return trainable_variables(variables_by_name, self.next_sentence)

    def totals(self, batch: Batch) -> dict[str, tf.Tensor]:
        return {
            "words": tf.reduce_sum(batch["masked_lm_weights"]),
            "pairs": tf.cast(tf.size(batch["next_sentence_labels"]), tf.float32),
        }

    def replica_losses(
        self, model: Bert, batch: Batch, totals: Mapping[str, tf.Tensor], dropout_seed: tf.Tensor
    ) -> Sequence[tf.Tensor]:
        inputs = (batch["input_ids"], batch["input_mask"], batch["segment_ids"], batch["masked_lm_positions"])
        logits = model.pretraining_logits(*inputs, dropout_seed)
        losses = pretraining_loss(
            *logits, batch, words=totals["words"], pairs=totals["pairs"], next_sentence=self.next_sentence
        )
        return losses[: len(self.losses)]

    def evaluator(self, task: TrainingTask, context: TrainingContext, model: Bert) -> Evaluator:
        return PretrainingEvaluator(task, context, model, next_sentence=self.next_sentence)
