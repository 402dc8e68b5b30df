"""Copies of the weights in the type of matrix products, which the optimizer's pass over the weights writes.

Without them a step in bfloat16 casts every matrix to it, and every gradient back: about as much memory is read and
written as by the update itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import tensorflow as tf

Names = tuple[str, ...]
"""Variables that are one matrix side by side, along their last axis."""
Copies = Mapping[Names, tf.Variable]
NO_COPIES: Copies = MappingProxyType({})


def parameters(trained: Iterable[str], copies: Copies) -> list[Names]:
    """Every trained variable once: alone, or together with those whose copy it shares."""
    together = {name: names for names in copies for name in names}
    return list(dict.fromkeys(together.get(name, (name,)) for name in trained))


def parameter_gradients(
    tape: tf.GradientTape, loss: tf.Tensor, variables: Mapping[str, tf.Variable], copies: Copies
) -> dict[Names, tf.Tensor]:
    """The gradient of each of the ``parameters``: in the copy's type where there is one that alone is read."""
    by_variable, by_copy = tape.gradient(loss, (list(variables.values()), list(copies.values())))
    of_copies = dict(zip(copies, by_copy, strict=True))
    of_variables = dict(zip(variables, by_variable, strict=True))
    return {names: _sum(of_copies.get(names), of_variables[names[0]]) for names in parameters(variables, copies)}


def _sum(of_copy: tf.Tensor | None, of_variable: tf.Tensor | tf.IndexedSlices | None) -> tf.Tensor:
    """A table whose rows are looked up has a gradient in slices, one for each time that a row was used.

    The norm and sums between devices want the whole table: they would take the parts of one row for rows of their own.
    """
    if of_copy is None:
        return tf.convert_to_tensor(of_variable)
    if of_variable is None:
        return of_copy
    # Rows that were looked up are summed in float32 and rounded once; all others are what they were.
    rows, numbers = tf.unique(of_variable.indices)
    looked_up = tf.math.unsorted_segment_sum(of_variable.values, numbers, tf.size(rows))
    exact = tf.cast(tf.gather(of_copy, rows), tf.float32) + looked_up
    return tf.tensor_scatter_nd_update(of_copy, rows[:, None], tf.cast(exact, of_copy.dtype))
