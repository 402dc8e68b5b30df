"""Adam with decoupled weight decay, as google-research/bert's ``AdamWeightDecayOptimizer``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import partial

import tensorflow as tf

from jobs.model.rounded_copies import NO_COPIES, Copies, Names

BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-6
WEIGHT_DECAY = 0.01
CLIP_NORM = 1.0
COMPILED_FROM_ELEMENTS = 256 * 256
"""Elements of a variable from which its update is compiled: bound by memory, it then reads and writes each once."""
ROWS = 8
"""Vectors that a sum of squares adds up at once. XLA's loop over 16 takes three times as long."""
NOT_DECAYED = re.compile("LayerNorm|layer_norm|bias")


class AdamWeightDecay:
    """Adam without bias correction, with decoupled weight decay except for layer norms and biases.

    Its state is ``slots_by_name``: ``<variable>/adam_m`` and ``<variable>/adam_v``.
    """

    def __init__(self, variables_by_name: Mapping[str, tf.Variable]) -> None:
        self._variables = dict(variables_by_name)
        self.slots_by_name: dict[str, tf.Variable] = {
            f"{name}/{slot}": tf.Variable(tf.zeros_like(variable), trainable=False, name=f"{name}/{slot}")
            for name, variable in self._variables.items()
            for slot in ("adam_m", "adam_v")
        }

    @property
    def variables_by_name(self) -> Mapping[str, tf.Variable]:
        """The variables that it updates."""
        return self._variables

    def apply(self, gradients: Mapping[Names, tf.Tensor], rate: tf.Tensor, copies: Copies = NO_COPIES) -> tf.Tensor:
        """Clip the gradients together and update the variables; returns the gradients' norm before clipping.

        Each gradient is that of the named variables side by side, float32 or, where ``copies`` holds their copy, any
        type. The copies are updated, too. Every replica calls it with the same gradients.
        """
        norm = _global_norm(list(gradients.values()))
        clipping = CLIP_NORM / tf.maximum(norm, CLIP_NORM)
        update_all = partial(self._update_all, list(gradients), copies)
        tf.distribute.get_replica_context().merge_call(update_all, args=(list(gradients.values()), clipping, rate))
        return norm

    def _update_all(
        self,
        parameters: Sequence[Names],
        copies: Copies,
        strategy: tf.distribute.Strategy,
        gradients: Sequence[tf.distribute.DistributedValues],
        clipping: tf.Tensor,
        rate: tf.Tensor,
    ) -> None:
        for names, gradient in zip(parameters, gradients, strict=True):
            variables = [self._variables[name] for name in names]
            ms, vs = ([self.slots_by_name[f"{name}/{slot}"] for name in names] for slot in ("adam_m", "adam_v"))
            decay = 0.0 if NOT_DECAYED.search(names[0]) else WEIGHT_DECAY
            if names in copies:
                _update_with_copy(variables, gradient, ms, vs, copies[names], clipping, rate, decay)
                continue
            (variable,) = variables
            update = _update_in_one_pass if is_compiled(variable) else _update
            strategy.extended.update(variable, update, args=(gradient, *ms, *vs, clipping, rate, decay))


def is_compiled(variable: tf.Variable) -> bool:
    """Whether its update is one compiled pass.

    Where a variable has copies on several devices, tf.function mistakes one variable for another of its shape (on a
    TPU, which compiles all anyway), and updates of its copies differ from those op by op.
    """
    is_alone = not isinstance(variable, tf.distribute.DistributedValues)
    return is_alone and bool(variable.shape.num_elements() >= COMPILED_FROM_ELEMENTS)


def _update(
    variable: tf.Variable,
    gradient: tf.Tensor,
    m: tf.Variable,
    v: tf.Variable,
    clipping: tf.Tensor,
    rate: tf.Tensor,
    decay: float,
) -> None:
    """Update one replica's copy of one variable; on a TPU, the handle that stands for all copies."""
    gradient = tf.convert_to_tensor(gradient) * clipping
    m.assign(BETA_1 * m + (1.0 - BETA_1) * gradient)
    v.assign(BETA_2 * v + (1.0 - BETA_2) * tf.square(gradient))
    variable.assign_sub(rate * (m / (tf.sqrt(v) + EPSILON) + decay * variable))


_update_in_one_pass = tf.function(_update, autograph=False, jit_compile=True)


@tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
def _update_with_copy(
    variables: Sequence[tf.Variable],
    gradient: tf.Tensor,
    ms: Sequence[tf.Variable],
    vs: Sequence[tf.Variable],
    copy: tf.Variable,
    clipping: tf.Tensor,
    rate: tf.Tensor,
    decay: float,
) -> None:
    """Update variables by the gradient of all of them side by side, and the copy."""
    parts = tf.split(tf.cast(gradient, tf.float32), len(variables), axis=-1)
    for variable, part, m, v in zip(variables, parts, ms, vs, strict=True):
        _update(variable, part, m, v, clipping, rate, decay)
    copy.assign(tf.concat([tf.cast(variable, copy.dtype) for variable in variables], axis=-1))


def _global_norm(gradients: Sequence[tf.Tensor]) -> tf.Tensor:
    """The Euclidean norm of all of them together, summed in float32."""
    exact = [gradient for gradient in gradients if gradient.dtype == tf.float32]
    rounded = [gradient for gradient in gradients if gradient.dtype != tf.float32]
    if not rounded:
        return tf.linalg.global_norm(exact)
    return tf.sqrt(tf.add_n([*map(_sum_of_squares, rounded), *(2.0 * tf.nn.l2_loss(one) for one in exact)]))


@tf.function(autograph=False, jit_compile=True)  # type: ignore[untyped-decorator]
def _sum_of_squares(values: tf.Tensor) -> tf.Tensor:
    """Without a float32 copy of the values. XLA adds up a vector number by number, but vectors as such."""
    rows = math.gcd(values.shape.num_elements(), ROWS)
    squares = tf.square(tf.cast(tf.reshape(values, [rows, -1]), tf.float32))
    return tf.reduce_sum(tf.add_n(tf.unstack(squares)))
