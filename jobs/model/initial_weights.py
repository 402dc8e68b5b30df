"""A model's first values, taken from a checkpoint as far as it has them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import structlog
import tensorflow as tf
from safetensors import safe_open

from jobs.errors import ConfigurationError
from jobs.weights.account import parts_of
from jobs.weights.variable_names import OUTPUT_BIAS, PER_ENTRY, Array

Pieces = Callable[[int], Sequence[Sequence[int]]]
"""From a checkpoint's number of entries to, for each entry beyond them, the ids of the pieces that it replaces."""


def assign_initial(
    variables: Mapping[str, tf.Variable], file: Path, source: str, pieces: Pieces = lambda _known: ()
) -> None:
    """Assign the tensors of a safetensors file by name; variables that it does not hold keep their values.

    When the model's vocabulary is larger than the file's, an additional entry's embedding is the mean of its pieces',
    its output bias the first piece's: where the model wrote the first piece, it may write the word. An entry without
    pieces keeps its values: as from scratch, a truncated normal drawn from the seed, or zero. Raises
    ``ConfigurationError``, naming ``source``, for a variable that does not fit; none is changed then.
    """
    with safe_open(file, "numpy") as tensors:
        shapes = {name: tuple(tensors.get_slice(name).get_shape()) for name in tensors.keys()}  # noqa: SIM118
        for name, shape in shapes.items():
            _check(name, shape, variables, source)
        for name, shape in shapes.items():
            variable, value = variables[name], tensors.get_tensor(name)
            if shape[0] < variable.shape[0]:
                value = _grown(name, value, variable.numpy(), pieces(shape[0]))
            variable.assign(value)
    log = structlog.get_logger()
    log.info("weights.initialised", source=source, variables=len(shapes), random=len(variables) - len(shapes))
    if random := parts_of(name for name in variables if name not in shapes):
        log.warning("weights.random", source=source, begin_random=random)


def _grown(name: str, value: Array, drawn: Array, pieces: Sequence[Sequence[int]]) -> Array:
    """The checkpoint's rows and, after them, rows for the new entries; ``drawn`` has a row for every entry."""
    grown = np.concatenate([value, drawn[len(value) :]])
    for entry, ids in enumerate(pieces, len(value)):
        if ids:
            grown[entry] = value[ids[0]] if name == OUTPUT_BIAS else value[list(ids)].mean(axis=0)
    return grown


def _check(name: str, shape: tuple[int, ...], variables: Mapping[str, tf.Variable], source: str) -> None:
    if name not in variables:
        raise ConfigurationError(source, f"{name} is no variable of this model", "submit it again")
    wanted = tuple(variables[name].shape)
    if name in PER_ENTRY and shape[1:] == wanted[1:]:
        if shape[0] > wanted[0]:
            reason = f"its vocabulary has {shape[0]:,} entries, the examples' only {wanted[0]:,}"
            raise ConfigurationError(source, reason, "make examples with the checkpoint's vocabulary: --vocab PATH")
    elif shape != wanted:
        reason = f"{name} has shape {list(shape)}, the model's is {list(wanted)}"
        raise ConfigurationError(source, reason, "give the recipe the checkpoint's architecture, and submit it again")
