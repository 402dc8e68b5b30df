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
    mathematics needs, whatever an implementation repeats; a multiplication and an addition count as two. The last layer
    is read only at the masked words and the first token. The heads take a transform (h²) and ``vocabulary`` logits per
    masked word, and the pooler and two logits per pair.
    """
    hidden = shape.hidden_size
    words = 2 * predictions * (hidden * hidden + hidden * vocabulary)
    pairs = 2 * hidden * (hidden + 2)
    return 3 * (encoding_flops(shape, length=length, read=predictions + 1) + words + pairs)


def encoding_flops(shape: Architecture, *, length: int, read: int | None = None) -> int:
    """FLOP of encoding one text of ``length`` tokens: the encoder alone, forward.

    The last layer is computed at the ``read`` positions; by default at all.
    """
    others = (shape.num_hidden_layers - 1) * _layer_flops(shape, length, length)
    return others + _layer_flops(shape, length, length if read is None else read)


def _layer_flops(shape: Architecture, length: int, read: int) -> int:
    """One layer, computed at ``read`` of ``length`` positions, forward.

    Keys and values are projected at all of them (h² weights each), queries and outputs (h² each) and the feed-forward
    network (2 h·i) where something reads the result. Scores and their weighted sum are two products of
    ``read`` · ``length`` · h.
    """
    hidden, inner = shape.hidden_size, shape.intermediate_size
    projected = 2 * length * hidden * hidden + read * (2 * hidden * hidden + 2 * hidden * inner)
    return 2 * (projected + 2 * read * length * hidden)


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
