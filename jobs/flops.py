"""Floating-point operations of BERT's pretraining, by formula, and the hours that they take.

Pure and light: plans, trainers and model cards share it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from jobs.ranges import HOUR, Range

if TYPE_CHECKING:  # what a recipe is takes 0.1 s to import, and profiles need no more than the peaks
    from jobs.recipe import Architecture, Schedule

REPLICA_PEAKS = {
    ("TPU", "v2"): 22.5e12,
    ("TPU", "v3"): 52.5e12,
    ("TPU", "v4"): 275e12,
    ("TPU", "v5lite"): 197e12,
    ("TPU", "v5p"): 459e12,
    ("TPU", "v6e"): 918e12,
    ("GPU", "A100"): 312e12,
    ("GPU", "H100"): 989e12,
    ("GPU", "L4"): 121e12,
}
"""Peak dense bfloat16 FLOP/s of one replica, from the vendors' data sheets (cloud.google.com/tpu/docs/v5e, v5p, v6e).
On TPU v2 and v3 a replica is a core, later a chip. For v3 it is the 420 TFLOP/s of a v3-8 that Google announced; its
documentation now names 123 TFLOP/s a chip, which would make 492."""

PEAK_FLOPS = {
    "v3-8": 8 * REPLICA_PEAKS["TPU", "v3"],
    "v5litepod-8": 8 * REPLICA_PEAKS["TPU", "v5lite"],
    "v5p-8": 4 * REPLICA_PEAKS["TPU", "v5p"],
    "v6e-8": 8 * REPLICA_PEAKS["TPU", "v6e"],
}
"""Peak bfloat16 FLOP/s of all replicas of a TPU slice."""

UTILISATION = Range(0.30, 0.40)
"""Share of the peak that training reaches. An assumption from common reports on BERTs of these sizes: this code has not
yet been measured on a TPU or a GPU."""


def example_flops(shape: Architecture, *, vocabulary: int, length: int, predictions: int) -> int:
    """FLOP of a training example of ``length`` tokens: matrix products, backward costs twice forward.

    "Model FLOPs" as in appendix B of the PaLM paper (arXiv 2204.02311) and in Megatron-LM (arXiv 2104.04473): what the
    mathematics needs, whatever an implementation repeats, or leaves out because nothing reads it; a multiplication
    and an addition count as two. Per layer, 4 h² weights project queries, keys, values and outputs, the feed-forward
    network has 2 h·i, and scores and their weighted sum are two products of length² · h. The heads take a transform
    (h²) and ``vocabulary`` logits per masked word, and the pooler and two logits per pair.
    """
    hidden, inner, layers = shape.hidden_size, shape.intermediate_size, shape.num_hidden_layers
    projections = 2 * length * (4 * hidden * hidden + 2 * hidden * inner)
    attention = 2 * 2 * length * length * hidden
    words = 2 * predictions * (hidden * hidden + hidden * vocabulary)
    return 3 * (layers * (projections + attention) + words + 2 * _pair_products(shape))


def _pair_products(shape: Architecture) -> int:
    """Multiplications of the pooler and of two logits."""
    return shape.hidden_size * (shape.hidden_size + 2)


def encoding_flops(shape: Architecture, *, length: int) -> int:
    """FLOP of encoding one text of ``length`` tokens: the encoder alone, forward."""
    return (example_flops(shape, vocabulary=0, length=length, predictions=0) - 6 * _pair_products(shape)) // 3


def run_flops(example: int, schedule: Schedule, first_step: int = 0) -> int:
    """FLOP of a run from ``first_step`` on with its evaluations, which are forward only.

    ``example`` is from ``example_flops``.
    """
    steps = schedule.train_steps - first_step
    evaluations = 1 + steps // schedule.evaluate_every
    seen = steps * schedule.train_batch_size
    return seen * example + evaluations * schedule.evaluation_examples * example // 3


def slice_hours(flops: float, name: str) -> Range | None:
    """Hours that ``flops`` take on a TPU slice such as ``v3-8``; None when its peak is not known."""
    peak = PEAK_FLOPS.get(name)
    return hours_at(flops, peak) if peak else None


def hours_at(flops: float, peak: float) -> Range:
    """Hours that ``flops`` take on an accelerator of ``peak`` FLOP/s."""
    return Range(flops / (peak * UTILISATION.high * HOUR), flops / (peak * UTILISATION.low * HOUR))
