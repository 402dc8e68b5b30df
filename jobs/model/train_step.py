"""The functions that run on the devices: training steps, several per call, and an evaluation step.

Letters in shapes: K steps, B examples of a whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import tensorflow as tf

from jobs.model.bert import Bert
from jobs.model.loss import Batch, evaluation_sums
from jobs.model.objective import Objective
from jobs.model.optimizer import AdamWeightDecay, is_compiled
from jobs.model.rounded_copies import NO_COPIES, Copies, Names, parameter_gradients, parameters

Gradients = tuple[tf.Tensor, dict[Names, tf.Tensor]]
"""Losses [L], and the gradients of all parameters."""
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

    It may keep copies of the weights: whoever assigns to a variable later needs another function.
    """
    replicas = strategy.num_replicas_in_sync
    with strategy.scope():
        copies = _copies(model, optimizer)

    def train_step(
        batch: Batch, totals: Mapping[str, tf.Tensor], seed: tf.Tensor, step: tf.Tensor, rate: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        context = tf.distribute.get_replica_context()
        replica_step = step * replicas + context.replica_id_in_sync_group

        def backward(microbatch: Batch, number: tf.Tensor) -> Gradients:
            with tf.GradientTape() as tape, model.reading(copies):
                losses = objective.replica_losses(model, microbatch, totals, tf.stack([seed, number]))
            return tf.stack(losses), parameter_gradients(tape, losses[0], optimizer.variables_by_name, copies)

        if accumulation == 1:
            losses, summed = backward(batch, replica_step)
        else:
            shapes = _shapes(optimizer.variables_by_name, copies)
            losses, summed = _accumulated(backward, batch, replica_step, accumulation, shapes, len(objective.losses))
        if replicas > 1:
            summed = dict(zip(summed, context.all_reduce("SUM", list(summed.values())), strict=True))
        return losses, optimizer.apply(summed, rate, copies)

    # No XLA around the whole on a CPU: its matrix products are slower there. A TPU always compiles.
    # Without autograph: to convert all this Python would take longer than to trace it.
    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def train_steps(batches: Batch, seed: tf.Tensor, first: tf.Tensor, rates: tf.Tensor) -> tf.Tensor:
        steps = tf.shape(rates)[0]

        def step(k: tf.Tensor, metrics: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
            batch = {name: feature[k] for name, feature in batches.items()}
            totals = objective.totals(batch)
            per_replica = _split(strategy, batch)
            losses, norms = strategy.run(train_step, args=(per_replica, totals, seed, first + k, rates[k]))
            whole = strategy.reduce("SUM", losses, axis=None)
            # Every replica has the same.
            norm = strategy.experimental_local_results(norms)[0]
            return k + 1, metrics.write(k, tf.concat([whole, [norm]], axis=0))

        nothing = tf.TensorArray(tf.float32, size=steps, element_shape=[len(metric_names(objective))])
        _, metrics = tf.while_loop(lambda k, _: k < steps, step, (tf.constant(0), nothing))
        return metrics.stack()

    return _traced_once(train_steps)


def _copies(model: Bert, optimizer: AdamWeightDecay) -> Copies:
    """Copies of the trained matrices that products read in another type than float32.

    A GPU keeps none: in a fixed order, looked-up rows would be added to their gradient on the CPU.
    """
    if model.product_type == tf.float32:
        return NO_COPIES
    kept = {name for name, v in optimizer.variables_by_name.items() if is_compiled(v) and "CPU" in v.device}
    return {names: tf.Variable(model.rounded(names)) for names in model.product_matrices() if kept.issuperset(names)}


def _shapes(variables: Mapping[str, tf.Variable], copies: Copies) -> dict[Names, tf.TensorShape]:
    """The shape of each parameter's gradient."""
    return {
        names: copies[names].shape if names in copies else variables[names[0]].shape
        for names in parameters(variables, copies)
    }


def _accumulated(
    backward: Callable[[Batch, tf.Tensor], Gradients],
    batch: Batch,
    replica_step: tf.Tensor,
    count: int,
    shapes: Mapping[Names, tf.TensorShape],
    losses: int,
) -> Gradients:
    """Losses and gradients of one replica's batch, summed over its ``count`` microbatches in float32."""
    microbatches = {name: tf.reshape(values, [count, -1, *values.shape[1:]]) for name, values in batch.items()}
    nothing = tf.zeros([losses]), [tf.zeros(shape) for shape in shapes.values()]

    def add(sums: tuple[tf.Tensor, list[tf.Tensor]], microbatch: tuple[Batch, tf.Tensor]) -> Any:
        losses, gradients = backward(*microbatch)
        exact = [tf.cast(gradients[names], tf.float32) for names in shapes]
        # Keeps TensorFlow from joining these additions with the gradients' own into one that sums in a temporary
        # variable, which fails in a loop (tensorflow/tensorflow#33713).
        with tf.control_dependencies([losses]):
            return tf.nest.map_structure(tf.add, sums, (losses, exact))

    numbers = replica_step * count + tf.range(count)
    # Several iterations at once would take the memory that this is to save.
    losses_sum, sums = tf.foldl(add, (microbatches, numbers), nothing, parallel_iterations=1)
    return losses_sum, dict(zip(shapes, sums, strict=True))


def evaluation_step_function(
    strategy: tf.distribute.Strategy, model: Bert, *, next_sentence: bool = True
) -> Callable[[Batch], tf.Tensor]:
    """A function from a whole batch to its ``evaluation_sums``, without dropout.

    The number of replicas divides the batch's size.
    """

    def sums(batch: Batch) -> tf.Tensor:
        return evaluation_sums(*_logits(model, batch), batch, next_sentence)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
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
