"""What a training run minimises, and how it is scored meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import tensorflow as tf

from jobs.model.bert import Bert
from jobs.model.evaluation import Evaluation
from jobs.model.loss import Batch

if TYPE_CHECKING:
    from jobs.model.training_task import TrainingContext, TrainingTask


class Evaluator(Protocol):
    """Scores a model on held-out examples: always the same ones, so that evaluations compare."""

    @property
    def held_out(self) -> int:
        """How many it scores on; with none a run is never evaluated."""

    def evaluate(self, step: int, alive: Callable[[], None]) -> Evaluation:
        """``alive`` is called before each batch and may raise to stop."""


class Objective(Protocol):
    """One of the things that a run can be for."""

    @property
    def losses(self) -> tuple[str, ...]:
        """Names of what ``replica_losses`` gives; the first is what is minimised."""

    def trainable_variables(self, variables_by_name: Mapping[str, tf.Variable]) -> dict[str, tf.Variable]:
        """The variables that the loss depends on."""

    def totals(self, batch: Batch) -> dict[str, tf.Tensor]:
        """Sums over a step's whole batch that the losses of its parts are divided by."""

    def replica_losses(
        self, model: Bert, batch: Batch, totals: Mapping[str, tf.Tensor], dropout_seed: tf.Tensor
    ) -> Sequence[tf.Tensor]:
        """One scalar per name in ``losses``, of one replica's microbatch: over all of them they add up."""

    def evaluator(self, task: TrainingTask, context: TrainingContext, model: Bert) -> Evaluator:
        """What scores ``model`` on the task's held-out examples."""
