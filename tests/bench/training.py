"""Training steps against google-research/bert's graph: sequences per second, and memory.

    python tests/bench/training.py --reference DIR_OF_google-research/bert            BERT-base, sequence 128
    python tests/bench/training.py --reference DIR --layers 2 --rounds 3              a quick look

Each side is a process of its own that waits while another one works: one step of each, turn about. Ours is the
update that training runs, in both precisions, theirs is their modeling.py and optimization.py through
``tf.compat.v1``. Dropout is on. The best step of each side counts, in wall time and in CPU time of all threads;
memory is the process's highest. FLOPs are what the mathematics needs, in matrix products alone; the peak is a large
matrix product's, measured between the steps.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import repository_root  # noqa: F401

SIDES = ("theirs", "float32", "bfloat16")
SEQUENCE, PREDICTIONS, VOCABULARY = 128, 20, 28_996
PEAK_SIZE = 2048


@dataclass
class Measured:
    """The best of some steps."""

    wall: float = float("inf")
    cpu: float = float("inf")
    peak_wall: float = float("inf")
    peak_cpu: float = float("inf")
    losses: list[float] = field(default_factory=list)
    memory: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, required=True, help="a checkout of google-research/bert")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--sides", nargs="+", choices=SIDES, default=list(SIDES))
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Connection] = {}
    for side in options.sides:
        pipes[side], far_end = context.Pipe()
        context.Process(target=run_side, args=(far_end, side, options), daemon=True).start()
        far_end.close()  # a side that dies ends the run
        pipes[side].recv()  # it is ready, its graph warm

    measured = {side: Measured() for side in pipes}
    for _ in range(options.rounds):
        for side, pipe in pipes.items():
            best = measured[side]
            pipe.send("step")
            loss, wall, cpu = pipe.recv()
            best.losses.append(loss)
            best.wall, best.cpu = min(best.wall, wall), min(best.cpu, cpu)
            pipe.send("peak")
            _, wall, cpu = pipe.recv()
            best.peak_wall, best.peak_cpu = min(best.peak_wall, wall), min(best.peak_cpu, cpu)
    for side, pipe in pipes.items():
        pipe.send("end")
        measured[side].memory, flops = pipe.recv()
    report(measured, options.batch, flops)


def report(measured: dict[str, Measured], batch: int, flops: int) -> None:
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; {flops * batch / 1e9:.0f} GFLOP a step of {batch}")
    theirs = measured.get("theirs")
    for side, best in measured.items():
        peak = 2 * PEAK_SIZE**3 / best.peak_wall, 2 * PEAK_SIZE**3 / best.peak_cpu
        used = flops * batch / best.wall / peak[0], flops * batch / best.cpu / peak[1]
        line = (
            f"{side:9} {batch / best.wall:6.2f} sequences/s ({best.cpu:.2f} s of CPU a step), "
            f"{best.memory / 2**20:.2f} GB, {used[0]:.0%} of the matrix peak (CPU {used[1]:.0%})"
        )
        if theirs and best is not theirs:
            line += f": {theirs.wall / best.wall:.2f}x (CPU {theirs.cpu / best.cpu:.2f}x)"
        print(line, f"loss {best.losses[0]:.3f} to {best.losses[-1]:.3f}")


def run_side(pipe: Connection, side: str, options: argparse.Namespace) -> None:
    import numpy as np

    from jobs.flops import example_flops
    from jobs.model.bert import BertConfig
    from jobs.recipe import load_recipe
    from tests.jobs.model.made import make_example

    import tensorflow as tf  # isort: skip  # after jobs.model, which holds back its greeting

    recipe = load_recipe("clinical", {"architecture.num_hidden_layers": str(options.layers)})
    config = BertConfig(**recipe.architecture.model_dump(), vocab_size=VOCABULARY)
    rng = np.random.default_rng(0)
    examples = [
        make_example(rng, length=SEQUENCE, predictions=PREDICTIONS, vocabulary=VOCABULARY) for _ in range(options.batch)
    ]
    batch = {
        name: np.array([e[name] for e in examples], np.float32 if name.endswith("weights") else np.int32)
        for name in examples[0]
    }
    step = (
        their_step(options.reference, config, recipe.schedule, batch)
        if side == "theirs"
        else our_step(config, recipe.schedule.model_copy(update={"precision": side}), batch)
    )
    matrix = tf.ones([PEAK_SIZE, PEAK_SIZE], tf.bfloat16 if side == "bfloat16" else tf.float32)

    def peak() -> float:
        tf.matmul(matrix, matrix).numpy()
        return 0.0

    for _ in range(2):
        step()
    pipe.send("ready")
    work: dict[str, Callable[[], float]] = {"step": step, "peak": peak}
    while (command := pipe.recv()) in work:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work[command]()
        pipe.send((result, time.perf_counter() - wall, time.process_time() - cpu))
    flops = example_flops(config, vocabulary=VOCABULARY, length=SEQUENCE, predictions=PREDICTIONS)
    pipe.send((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flops))


def their_step(reference: Path, config: Any, schedule: Any, batch: Any) -> Callable[[], float]:
    from tests.jobs.model.reference import ReferenceGraph

    graph = ReferenceGraph(reference, config, schedule, batch)
    return lambda: float(graph.step(batch)[0])


def our_step(config: Any, schedule: Any, batch: Any) -> Callable[[], float]:
    import tensorflow as tf

    from jobs.model.bert import Bert
    from jobs.model.optimizer import AdamWeightDecay
    from jobs.model.pretraining import Pretraining
    from jobs.model.train_step import train_steps_function
    from jobs.recipe.rates import learning_rate

    tf.config.experimental.enable_op_determinism()  # as training does
    model = Bert(config, schedule.seed, schedule.precision)
    optimizer = AdamWeightDecay(model.variables_by_name)
    update = train_steps_function(tf.distribute.get_strategy(), model, optimizer, Pretraining())
    batches = {name: tf.constant(array[None]) for name, array in batch.items()}
    steps = iter(range(schedule.train_steps))

    def step() -> float:
        number = next(steps)
        rates = tf.constant([learning_rate(number, schedule)], tf.float32)
        return float(update(batches, tf.constant(schedule.seed), tf.constant(number), rates).numpy()[0, 0])

    return step


if __name__ == "__main__":
    main()
