"""What runs on the devices: training updates, several per call, and evaluation.

Letters in shapes: K steps, B examples of a whole batch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

import tensorflow as tf

from jobs.model.bert import Bert
from jobs.model.loss import Batch, Losses, evaluation_sums, pretraining_loss
from jobs.model.optimizer import AdamWeightDecay

Gradients = tuple[tf.Tensor, list[tf.Tensor]]
"""``Losses`` [3], and the gradients in the variables' order."""
Updates = Callable[[Batch, tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
MEASURES = ("loss", "mlm_loss", "nsp_loss", "gradient_norm")


def update_function(
    strategy: tf.distribute.Strategy,
    model: Bert,
    optimizer: AdamWeightDecay,
    *,
    accumulation: int = 1,
    next_sentence: bool = True,
) -> Updates:
    """K updates in one call, from K whole batches [K, B, ...], the seed, the first one's step and K learning rates.

    Returns ``MEASURES`` of each, [K, 4]: losses of the whole batch, and the gradient's norm before
    clipping. Model and optimizer must have been made in the strategy's scope. A batch is split over the
    replicas in order, and a replica's part into ``accumulation`` parts that are computed one after the other;
    with dropout off, losses and updates depend on neither number, up to rounding. Part i of a of replica r of
    n drops by (seed, (step * n + r) * a + i).
    """
    replicas = strategy.num_replicas_in_sync
    variables = optimizer.variables

    def update(
        batch: Batch, words: tf.Tensor, pairs: tf.Tensor, seed: tf.Tensor, step: tf.Tensor, rate: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        context = tf.distribute.get_replica_context()
        turn = step * replicas + context.replica_id_in_sync_group

        def backward(part: Batch, turn: tf.Tensor) -> Gradients:
            with tf.GradientTape() as tape:
                logits = _logits(model, part, tf.stack([seed, turn]))
                losses = pretraining_loss(*logits, part, words=words, pairs=pairs, next_sentence=next_sentence)
            return tf.stack(losses), tape.gradient(losses.total, variables)

        losses, gradients = (
            backward(batch, turn) if accumulation == 1 else _summed(backward, batch, turn, accumulation, variables)
        )
        if replicas > 1:
            # Gathering makes slices of a table; sums between devices want all of it.
            gradients = context.all_reduce("SUM", [tf.convert_to_tensor(gradient) for gradient in gradients])
        return losses, optimizer.apply(gradients, rate)

    # No XLA around the whole on a CPU: its matrix products are slower there. A TPU always compiles.
    @tf.function  # type: ignore[untyped-decorator]
    def updates(batches: Batch, seed: tf.Tensor, first: tf.Tensor, rates: tf.Tensor) -> tf.Tensor:
        steps = tf.shape(rates)[0]
        measures = tf.TensorArray(tf.float32, size=steps, element_shape=[len(MEASURES)])
        for k in tf.range(steps):
            batch = {name: feature[k] for name, feature in batches.items()}
            words = tf.reduce_sum(batch["masked_lm_weights"])
            pairs = tf.cast(tf.size(batch["next_sentence_labels"]), tf.float32)
            parts = _split(strategy, batch)
            losses, norms = strategy.run(update, args=(parts, words, pairs, seed, first + k, rates[k]))
            whole = strategy.reduce("SUM", losses, axis=None)
            # Every replica has the same.
            norm = strategy.experimental_local_results(norms)[0]
            measures = measures.write(k, tf.concat([whole, [norm]], axis=0))
        return measures.stack()

    return _traced_once(updates)


def _summed(
    backward: Callable[[Batch, tf.Tensor], Gradients],
    batch: Batch,
    turn: tf.Tensor,
    count: int,
    variables: Sequence[tf.Variable],
) -> Gradients:
    """Losses and gradients of one replica's batch, from those of ``count`` parts of it."""
    parts = {name: tf.reshape(values, [count, -1, *values.shape[1:]]) for name, values in batch.items()}
    nothing = tf.zeros([len(Losses._fields)]), [tf.zeros_like(variable) for variable in variables]

    def add(sums: Gradients, part: tuple[Batch, tf.Tensor]) -> Gradients:
        losses, gradients = backward(*part)
        # Keeps TensorFlow from joining these additions with the gradients' own into one that sums in a temporary
        # variable, which fails in a loop (tensorflow/tensorflow#33713).
        with tf.control_dependencies([losses]):
            added: Gradients = tf.nest.map_structure(tf.add, sums, (losses, gradients))
        return added

    # Several iterations at once would want the memory that this is to save.
    summed: Gradients = tf.foldl(add, (parts, turn * count + tf.range(count)), nothing, parallel_iterations=1)
    return summed


def evaluate_function(
    strategy: tf.distribute.Strategy, model: Bert, *, next_sentence: bool = True
) -> Callable[[Batch], tf.Tensor]:
    """A whole batch's ``evaluation_sums``, without dropout; its size is a multiple of the replicas'."""

    def sums(batch: Batch) -> tf.Tensor:
        return evaluation_sums(*_logits(model, batch), batch, next_sentence)

    @tf.function  # type: ignore[untyped-decorator]
    def evaluate(batch: Batch) -> tf.Tensor:
        return strategy.reduce("SUM", strategy.run(sums, args=(_split(strategy, batch),)), axis=None)

    compiled: Callable[[Batch], tf.Tensor] = evaluate
    return compiled


def _traced_once(updates: Updates) -> Updates:
    """One trace serves any number of steps: their shapes alone would make a trace for each."""

    @lru_cache(maxsize=1)
    def concrete(batch: tuple[tuple[str, tf.DType, tuple[int, ...]], ...]) -> Updates:
        batches = {name: tf.TensorSpec([None, *shape], dtype) for name, dtype, shape in batch}
        number = tf.TensorSpec([], tf.int32)
        made: Updates = updates.get_concrete_function(batches, number, number, tf.TensorSpec([None], tf.float32))  # type: ignore[attr-defined]
        return made

    def call(batches: Batch, seed: tf.Tensor, first: tf.Tensor, rates: tf.Tensor) -> tf.Tensor:
        shapes = tuple((name, feature.dtype, tuple(feature.shape[1:])) for name, feature in batches.items())
        return concrete(shapes)(batches, seed, first, rates)

    return call


def _split(strategy: tf.distribute.Strategy, batch: Batch) -> dict[str, tf.distribute.DistributedValues]:
    replicas = strategy.num_replicas_in_sync
    parts = {name: tf.split(feature, replicas) for name, feature in batch.items()}
    return {
        name: strategy.experimental_distribute_values_from_function(
            lambda context, part=part: part[context.replica_id_in_sync_group]
        )
        for name, part in parts.items()
    }


def _logits(model: Bert, batch: Batch, dropout_seed: tf.Tensor | None = None) -> tuple[tf.Tensor, tf.Tensor]:
    inputs = (batch["input_ids"], batch["input_mask"], batch["segment_ids"], batch["masked_lm_positions"])
    return model.pretraining_logits(*inputs, dropout_seed)
