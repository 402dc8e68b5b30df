"""Floating-point operations of BERT's pretraining, by formula, and the hours that they take.

Pure, and light: plans, trainers and model cards count alike.
"""

from __future__ import annotations

from jobs.ranges import HOUR, Range
from jobs.recipe import Architecture, Schedule

PEAK_FLOPS = {"v3-8": 420e12}
"""bfloat16 operations per second at best, of a slice's chips together: cloud.google.com/tpu, at v3's release."""

UTILISATION = Range(0.30, 0.40)
"""Of that peak. An assumption: what BERTs of these sizes are commonly reported to reach; this code has not yet
been measured on a TPU."""


def example_flops(shape: Architecture, *, vocabulary: int, length: int, predictions: int) -> int:
    """Of one training example of ``length`` tokens: matrix products only, the way back twice the way forth.

    "Model FLOPs" as in appendix B of the PaLM paper (arXiv 2204.02311) and in Megatron-LM (arXiv 2104.04473): what the
    mathematics needs, whatever an implementation repeats; a multiplication and an addition are two. Per layer
    4 h² weights project queries, keys, values and outputs, 2 h·i are the feed-forward ones, and scores and their
    weighted sum are two products of length² · h. Heads: of each masked word a transform (h²) and ``vocabulary``
    logits, of each pair the pooler and two logits.
    """
    hidden, inner, layers = shape.hidden_size, shape.intermediate_size, shape.num_hidden_layers
    projections = 2 * length * (4 * hidden * hidden + 2 * hidden * inner)
    attention = 2 * 2 * length * length * hidden
    words = 2 * predictions * (hidden * hidden + hidden * vocabulary)
    pairs = 2 * (hidden * hidden + 2 * hidden)
    return 3 * (layers * (projections + attention) + words + pairs)


def run_flops(example: int, schedule: Schedule) -> int:
    """Of a whole run, its evaluations included, which only go forth; ``example`` as by ``example_flops``."""
    evaluations = 1 + schedule.train_steps // schedule.evaluate_every
    seen = schedule.train_steps * schedule.train_batch_size
    return seen * example + evaluations * schedule.evaluation_examples * example // 3


def slice_hours(flops: float, name: str) -> Range | None:
    """On a TPU slice, as ``v3-8``; None for one whose peak is not known."""
    peak = PEAK_FLOPS.get(name)
    return Range(flops / (peak * UTILISATION.high * HOUR), flops / (peak * UTILISATION.low * HOUR)) if peak else None
