"""Training steps against google-research/bert's graph and against torch: sequences per second, and memory.

    python tests/bench/training.py --reference DIR_OF_google-research/bert            BERT-base, sequence 128
    python tests/bench/training.py --reference DIR --layers 2 --rounds 3              a quick look
    python tests/bench/training.py --sides bfloat16 torch-bfloat16 --torch-python PYTHON
    python tests/bench/training.py --device gpu --json gpu.json                       a minute or two of a GPU

Each side is a process of its own that waits while another one works: one step of each, turn about. Ours is the
update that training runs, in both precisions. Theirs is their modeling.py and optimization.py through
``tf.compat.v1``, on CPUs. torch is what a user would write instead: transformers' BertForPreTraining, compiled, with
the masked-word head on gathered positions, autocast and fused AdamW; ``--torch-python`` names an environment that has
it.
Dropout is on. The best step of each side counts, in wall time and in CPU time of all threads; memory is the process's
highest, on a GPU the device's. FLOPs are what the mathematics needs, in matrix products alone; the peak is a large
matrix product's, measured between the steps.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import repository_root  # noqa: F401

OURS = ("float32", "bfloat16")
TORCH = ("torch-float32", "torch-bfloat16")
SIDES = ("theirs", *OURS, *TORCH)
SEQUENCE, PREDICTIONS, VOCABULARY = 128, 20, 28_996
PEAK_SIZE = {"cpu": 2048, "gpu": 8192}
BATCH = {"cpu": 8, "gpu": 64}


@dataclass
class Measured:
    """The best of some steps."""

    wall: float = float("inf")
    cpu: float = float("inf")
    peak_wall: float = float("inf")
    peak_cpu: float = float("inf")
    losses: list[float] = field(default_factory=list)
    memory: int = 0
    """Bytes."""
    device: str = ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reference", type=Path, help="a checkout of google-research/bert, for the side theirs")
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--layers", type=int, default=12)
    parser.add_argument(
        "--batch", type=int, help=f"examples a step; by default {BATCH['cpu']}, on a GPU {BATCH['gpu']}"
    )
    parser.add_argument("--rounds", type=int, default=8)
    parser.add_argument("--sides", nargs="+", choices=SIDES, help="by default all that are there")
    parser.add_argument("--torch-python", type=Path, help="the python of an environment with torch and transformers")
    parser.add_argument("--json", type=Path, help="write the results there, too")
    options = parser.parse_args()
    options.batch = options.batch or BATCH[options.device]
    options.sides = options.sides or sides_there(options)
    if "theirs" in options.sides and (options.reference is None or options.device == "gpu"):
        parser.error("the side theirs needs --reference, and runs on CPUs")
    if options.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    context = multiprocessing.get_context("spawn")
    pipes: dict[str, Connection] = {}
    for side in options.sides:
        python = options.torch_python if side in TORCH and options.torch_python else sys.executable
        context.set_executable(str(python))
        pipes[side], far_end = context.Pipe()
        context.Process(target=run_side, args=(far_end, side, options), daemon=True).start()
        far_end.close()  # a side that dies ends the run
        try:
            pipes[side].recv()  # it is ready, its graph warm
        except EOFError:
            raise SystemExit(f"{side} did not start: its error stands above") from None

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
        measured[side].memory, measured[side].device = pipe.recv()
    flops = flops_of_an_example(options.layers)
    report(measured, options, flops)
    if options.json:
        sides = {side: asdict(best) | speeds(best, options, flops) for side, best in measured.items()}
        settings = {name: str(value) for name, value in vars(options).items()}
        options.json.write_text(json.dumps({"settings": settings, "flops": flops, "sides": sides}, indent=1) + "\n")


def sides_there(options: argparse.Namespace) -> list[str]:
    """Every side that this machine and the options have."""
    torch = options.torch_python or (importlib.util.find_spec("torch") and importlib.util.find_spec("transformers"))
    theirs = ["theirs"] if options.reference and options.device == "cpu" else []
    return [*theirs, *OURS, *(TORCH if torch else ())]


def flops_of_an_example(layers: int) -> int:
    from jobs.flops import example_flops
    from jobs.recipe import load_recipe

    shape = load_recipe("clinical", {"architecture.num_hidden_layers": str(layers)}).architecture
    return example_flops(shape, vocabulary=VOCABULARY, length=SEQUENCE, predictions=PREDICTIONS)


def speeds(best: Measured, options: argparse.Namespace, flops: int) -> dict[str, float]:
    product, step = 2 * PEAK_SIZE[options.device] ** 3, flops * options.batch
    return {
        "sequences_per_second": options.batch / best.wall,
        "peak_flops": product / best.peak_wall,
        "utilisation": step / best.wall / (product / best.peak_wall),
        "utilisation_by_cpu_time": step / best.cpu / (product / best.peak_cpu),
    }


def report(measured: dict[str, Measured], options: argparse.Namespace, flops: int) -> None:
    batch = options.batch
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; {flops * batch / 1e9:.0f} GFLOP a step of {batch}")
    theirs = measured.get("theirs")
    for side, best in measured.items():
        found = speeds(best, options, flops)
        line = (
            f"{side:14} {found['sequences_per_second']:6.2f} sequences/s ({best.cpu:.2f} s of CPU a step), "
            f"{best.memory / 1e9:.2f} GB, {found['utilisation']:.0%} of the matrix peak of "
            f"{found['peak_flops'] / 1e12:.3g} TFLOP/s (CPU {found['utilisation_by_cpu_time']:.0%}) on {best.device}"
        )
        if theirs and best is not theirs:
            line += f": {theirs.wall / best.wall:.2f}x (CPU {theirs.cpu / best.cpu:.2f}x)"
        print(line, f"loss {best.losses[0]:.3f} to {best.losses[-1]:.3f}")


def run_side(pipe: Connection, side: str, options: argparse.Namespace) -> None:
    work, memory, device = (torch_side if side in TORCH else tensorflow_side)(side, options)
    for _ in range(2):
        work["step"]()
    work["peak"]()
    pipe.send("ready")
    while (command := pipe.recv()) in work:
        wall, cpu = time.perf_counter(), time.process_time()
        result = work[command]()
        pipe.send((result, time.perf_counter() - wall, time.process_time() - cpu))
    pipe.send((memory(), device))


Work = dict[str, Callable[[], float]]


def resident() -> int:
    """The most memory that this process had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def tensorflow_side(side: str, options: argparse.Namespace) -> tuple[Work, Callable[[], int], str]:
    import numpy as np

    from jobs.model.bert import BertConfig
    from jobs.model.devices import find_devices
    from jobs.recipe import load_recipe
    from tests.jobs.model.made import make_example

    import tensorflow as tf  # isort: skip  # after jobs.model, which holds back its greeting

    devices = find_devices(options.device)
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
    size = PEAK_SIZE[options.device]
    matrix = tf.ones([size, size], tf.bfloat16 if side == "bfloat16" else tf.float32)

    def peak() -> float:
        return float(tf.cast(tf.matmul(matrix, matrix)[0, 0], tf.float32).numpy())

    def of_gpu() -> int:
        return int(tf.config.experimental.get_memory_info("GPU:0")["peak"])

    name = devices.model or devices.kind
    return {"step": step, "peak": peak}, of_gpu if options.device == "gpu" else resident, name


def torch_side(side: str, options: argparse.Namespace) -> tuple[Work, Callable[[], int], str]:
    """Needs torch, transformers and numpy, and nothing of ours."""
    import numpy as np
    import torch
    from transformers import BertConfig, BertForPreTraining

    device = "cuda" if options.device == "gpu" else "cpu"
    dtype = torch.bfloat16 if side == "torch-bfloat16" else torch.float32
    model = BertForPreTraining(BertConfig(vocab_size=VOCABULARY, num_hidden_layers=options.layers)).to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-6, eps=1e-6, weight_decay=0.01, fused=True)
    rng = np.random.default_rng(0)

    def integers(high: int, *shape: int) -> torch.Tensor:
        return torch.tensor(rng.integers(0, high, shape), device=device)

    ids, segments = integers(VOCABULARY, options.batch, SEQUENCE), integers(2, options.batch, SEQUENCE)
    places, words = (integers(high, options.batch, PREDICTIONS) for high in (SEQUENCE, VOCABULARY))
    pairs, rows = integers(2, options.batch), torch.arange(options.batch, device=device)[:, None]
    mask = torch.ones_like(ids)

    def cost() -> torch.Tensor:
        with torch.autocast(device, dtype=torch.bfloat16, enabled=dtype is torch.bfloat16):
            encoded = model.bert(ids, attention_mask=mask, token_type_ids=segments)
            logits = model.cls.predictions(encoded.last_hidden_state[rows, places])
            nsp = model.cls.seq_relationship(encoded.pooler_output)
        cross_entropy = torch.nn.functional.cross_entropy
        return cross_entropy(logits.float().flatten(0, 1), words.flatten()) + cross_entropy(nsp.float(), pairs)

    compiled = torch.compile(cost)

    def step() -> float:
        optimizer.zero_grad(set_to_none=True)
        loss = compiled()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        return float(loss.item())

    size = PEAK_SIZE[options.device]
    matrix = torch.ones(size, size, dtype=dtype, device=device)

    def peak() -> float:
        return float((matrix @ matrix)[0, 0].item())

    name = torch.cuda.get_device_name() if device == "cuda" else "CPU"
    work = {"step": step, "peak": peak}
    return (
        work,
        (torch.cuda.max_memory_allocated if device == "cuda" else resident),
        f"{name}, torch {torch.__version__}",
    )


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
