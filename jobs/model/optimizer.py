"""Adam with decoupled weight decay, as google-research/bert's ``AdamWeightDecayOptimizer``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import tensorflow as tf

BETA_1 = 0.9
BETA_2 = 0.999
EPSILON = 1e-6
WEIGHT_DECAY = 0.01
CLIP_NORM = 1.0
COMPILED_FROM_ELEMENTS = 256 * 256
"""Elements of a variable from which its update is compiled: bound by memory, it then reads and writes each once."""
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
    def variables(self) -> list[tf.Variable]:
        """The variables that it updates, in the order in which ``apply`` takes their gradients."""
        return list(self._variables.values())

    def apply(self, gradients: Sequence[tf.Tensor], rate: tf.Tensor) -> tf.Tensor:
        """Clip the gradients together and update the variables; returns the gradients' norm before clipping.

        Every replica calls it with the same gradients.
        """
        norm = tf.linalg.global_norm(gradients)
        clipping = CLIP_NORM / tf.maximum(norm, CLIP_NORM)
        tf.distribute.get_replica_context().merge_call(self._update_all, args=(gradients, clipping, rate))
        return norm

    def _update_all(
        self,
        strategy: tf.distribute.Strategy,
        gradients: Sequence[tf.distribute.DistributedValues],
        clipping: tf.Tensor,
        rate: tf.Tensor,
    ) -> None:
        for (name, variable), gradient in zip(self._variables.items(), gradients, strict=True):
            slots = (self.slots_by_name[f"{name}/adam_m"], self.slots_by_name[f"{name}/adam_v"])
            decay = 0.0 if NOT_DECAYED.search(name) else WEIGHT_DECAY
            # Where a variable has copies on several devices, tf.function mistakes one variable for another of its
            # shape (on a TPU, which compiles all anyway), and updates of its copies differ from those op by op.
            is_alone = not isinstance(variable, tf.distribute.DistributedValues)
            is_large = variable.shape.num_elements() >= COMPILED_FROM_ELEMENTS
            update = _update_in_one_pass if is_alone and is_large else _update
            strategy.extended.update(variable, update, args=(gradient, *slots, clipping, rate, decay))


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


_update_in_one_pass = tf.function(_update, jit_compile=True)
