"""The functions that run on the devices: training steps, several per call, and an evaluation step.

Letters in shapes: K steps, B examples of a whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import tensorflow as tf

from jobs.model.bert import Bert
from jobs.model.loss import Batch, evaluation_sums
from jobs.model.objective import Objective
from jobs.model.optimizer import AdamWeightDecay

Gradients = tuple[tf.Tensor, list[tf.Tensor]]
"""Losses [L], and the gradients in the variables' order."""
TrainSteps = Callable[[Batch, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]


def metric_names(objective: Objective) -> tuple[str, ...]:
    """What a training step measures."""
    return (*objective.losses, "gradient_norm")


def train_steps_function(
    strategy: tf.distribute.Strategy,
    model: Bert,
    optimizer: AdamWeightDecay,
    objective: Objective,
    *,
    accumulation: int = 1,
) -> TrainSteps:
    """A function that makes K steps: from K whole batches [K, B, ...], the seed, the first step's number and K rates.

    It returns the ``metric_names`` of each step, [K, M]: losses of the whole batch, and the gradient's norm before
    clipping. Model and optimizer must have been made in the strategy's scope. A batch is split over the replicas in
    order, and each replica's batch into ``accumulation`` microbatches that are computed one after the other. With
    dropout off, losses and updates depend on neither number, up to rounding. The dropout of microbatch i of a on
    replica r of n follows from (seed, (step * n + r) * a + i).
    """
    replicas = strategy.num_replicas_in_sync
    variables = optimizer.variables

    def train_step(
        batch: Batch, totals: Mapping[str, tf.Tensor], seed: tf.Tensor, step: tf.Tensor, rate: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        context = tf.distribute.get_replica_context()
        replica_step = step * replicas + context.replica_id_in_sync_group

        def backward(microbatch: Batch, number: tf.Tensor) -> Gradients:
            with tf.GradientTape() as tape:
                losses = objective.replica_losses(model, microbatch, totals, tf.stack([seed, number]))
            return tf.stack(losses), tape.gradient(losses[0], variables)

        losses, gradients = (
            backward(batch, replica_step)
            if accumulation == 1
            else _accumulated(backward, batch, replica_step, accumulation, variables, len(objective.losses))
        )
        # Looking rows up gives a gradient in slices, one for each time a row was used. Sums between devices want the
        # whole table, and so does the norm, which would take the parts of one row for rows of their own.
        gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        if replicas > 1:
            gradients = context.all_reduce("SUM", gradients)
        return losses, optimizer.apply(gradients, rate)

    # No XLA around the whole on a CPU: its matrix products are slower there. A TPU always compiles.
    @tf.function  # type: ignore[untyped-decorator]
    def train_steps(batches: Batch, seed: tf.Tensor, first: tf.Tensor, rates: tf.Tensor) -> tf.Tensor:
        steps = tf.shape(rates)[0]
        metrics = tf.TensorArray(tf.float32, size=steps, element_shape=[len(metric_names(objective))])
        for k in tf.range(steps):
            batch = {name: feature[k] for name, feature in batches.items()}
            totals = objective.totals(batch)
            per_replica = _split(strategy, batch)
            losses, norms = strategy.run(train_step, args=(per_replica, totals, seed, first + k, rates[k]))
            whole = strategy.reduce("SUM", losses, axis=None)
            # Every replica has the same.
            norm = strategy.experimental_local_results(norms)[0]
            metrics = metrics.write(k, tf.concat([whole, [norm]], axis=0))
        return metrics.stack()

    return _traced_once(train_steps)


def _accumulated(
    backward: Callable[[Batch, tf.Tensor], Gradients],
    batch: Batch,
    replica_step: tf.Tensor,
    count: int,
    variables: Sequence[tf.Variable],
    losses: int,
) -> Gradients:
    """Losses and gradients of one replica's batch, summed over its ``count`` microbatches."""
    microbatches = {name: tf.reshape(values, [count, -1, *values.shape[1:]]) for name, values in batch.items()}
    nothing = tf.zeros([losses]), [tf.zeros_like(variable) for variable in variables]

    def add(sums: Gradients, microbatch: tuple[Batch, tf.Tensor]) -> Gradients:
        losses, gradients = backward(*microbatch)
        # Keeps TensorFlow from joining these additions with the gradients' own into one that sums in a temporary
        # variable, which fails in a loop (tensorflow/tensorflow#33713).
        with tf.control_dependencies([losses]):
            added: Gradients = tf.nest.map_structure(tf.add, sums, (losses, gradients))
        return added

    numbers = replica_step * count + tf.range(count)
    # Several iterations at once would take the memory that this is to save.
    summed: Gradients = tf.foldl(add, (microbatches, numbers), nothing, parallel_iterations=1)
    return summed


def evaluation_step_function(
    strategy: tf.distribute.Strategy, model: Bert, *, next_sentence: bool = True
) -> Callable[[Batch], tf.Tensor]:
    """A function from a whole batch to its ``evaluation_sums``, without dropout.

    The number of replicas divides the batch's size.
    """

    def sums(batch: Batch) -> tf.Tensor:
        return evaluation_sums(*_logits(model, batch), batch, next_sentence)

    @tf.function  # type: ignore[untyped-decorator]
    def evaluate(batch: Batch) -> tf.Tensor:
        return strategy.reduce("SUM", strategy.run(sums, args=(_split(strategy, batch),)), axis=None)

    compiled: Callable[[Batch], tf.Tensor] = evaluate
    return compiled


def _traced_once(train_steps: TrainSteps) -> TrainSteps:
    """Makes one trace serve any number of steps; by shape alone, each number would get its own."""

    @lru_cache(maxsize=1)
    def concrete(batch: tuple[tuple[str, tf.DType, tuple[int, ...]], ...]) -> TrainSteps:
        batches = {name: tf.TensorSpec([None, *shape], dtype) for name, dtype, shape in batch}
        number = tf.TensorSpec([], tf.int32)
        rates = tf.TensorSpec([None], tf.float32)
        made: TrainSteps = train_steps.get_concrete_function(batches, number, number, rates)  # type: ignore[attr-defined]
        return made

    def call(batches: Batch, seed: tf.Tensor, first: tf.Tensor, rates: tf.Tensor) -> tf.Tensor:
        shapes = tuple((name, feature.dtype, tuple(feature.shape[1:])) for name, feature in batches.items())
        return concrete(shapes)(batches, seed, first, rates)

    return call


def _split(strategy: tf.distribute.Strategy, batch: Batch) -> dict[str, tf.distribute.DistributedValues]:
    replicas = strategy.num_replicas_in_sync
    slices = {name: tf.split(feature, replicas) for name, feature in batch.items()}
    return {
        name: strategy.experimental_distribute_values_from_function(
            lambda context, values=values: values[context.replica_id_in_sync_group]
        )
        for name, values in slices.items()
    }


def _logits(model: Bert, batch: Batch, dropout_seed: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
    inputs = (batch["input_ids"], batch["input_mask"], batch["segment_ids"], batch["masked_lm_positions"])
    return model.pretraining_logits(*inputs, dropout_seed)
