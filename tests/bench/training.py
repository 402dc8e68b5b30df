"""Training steps against google-research/bert's graph and against torch: sequences per second, and memory.

    python tests/bench/training.py --reference DIR_OF_google-research/bert            BERT-base, sequence 128
    python tests/bench/training.py --reference DIR --layers 2 --rounds 3              a quick look
    python tests/bench/training.py --sides float32 torch-compiled-float32 --torch-python PYTHON
    python tests/bench/training.py --device gpu --json gpu.json                       a minute or two of a GPU

Each side is a process of its own (``training_side.py``) that waits while another one works: one step of each, turn
about. Ours is the update that training runs, in both precisions (``training_tensorflow.py``), with the huge pages that
a training on CPUs asks for. Theirs is their modeling.py and optimization.py through ``tf.compat.v1``, on CPUs. torch is
what a user would write instead (``training_torch.py``); ``--torch-python`` names the python of an environment that has
torch and transformers, such as ``make test-transformers`` makes.
Dropout is on. The best step of each side counts, in wall time and in CPU time of all threads; memory is the process's
highest, on a GPU the device's. FLOPs are the model's, in matrix products alone (ours leaves out what nothing reads of
the last layer, 5 % at BERT-base); the peak is a large matrix product's in the side's precision, measured between the
steps.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import repository_root  # noqa: F401

from controller.planning.tunables import HUGE_PAGES

OURS = ("float32", "bfloat16")
TORCH = tuple(f"torch-{mode}-{precision}" for mode in ("eager", "compiled") for precision in OURS)
SIDES = ("theirs", *OURS, *TORCH)
SEQUENCE, PREDICTIONS, VOCABULARY = 128, 20, 28_996
PEAK_SIZE = {"cpu": 2048, "gpu": 8192}
BATCH = {"cpu": 8, "gpu": 64}
BFLOAT16_UNITS = ("amx_bf16", "avx512_bf16")
"""Flags of processors that multiply bfloat16; others convert to float32 and back, which takes longer than float32."""


@dataclass
class Measured:
    """The best of some steps."""

    device: str
    wall: float = float("inf")
    cpu: float = float("inf")
    peak_wall: float = float("inf")
    peak_cpu: float = float("inf")
    losses: list[float] = field(default_factory=list)
    memory: int = 0
    """Bytes."""


class Process:
    """A side at work."""

    def __init__(self, side: str, options: argparse.Namespace) -> None:
        python = options.torch_python if side in TORCH and options.torch_python else sys.executable
        settings = {
            "side": side,
            "device": options.device,
            "layers": options.layers,
            "batch": options.batch,
            "reference": str(options.reference),
            "sequence": SEQUENCE,
            "predictions": PREDICTIONS,
            "vocabulary": VOCABULARY,
            "peak_size": PEAK_SIZE[options.device],
        }
        program = Path(__file__).with_name("training_side.py")
        # Where this python looks for modules is not where the side's does.
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        if options.device == "cpu":
            environment["CUDA_VISIBLE_DEVICES"] = "-1"
            environment |= HUGE_PAGES if side in OURS else {}
        self._side = side
        self._process = subprocess.Popen(
            [str(python), str(program), json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.device = str(self._answer()["ready"])

    def ask(self, command: str) -> dict[str, Any]:
        assert self._process.stdin
        print(command, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        answer: dict[str, Any] = json.loads(self._process.stdout.readline() or "{}")
        if not answer:
            raise SystemExit(f"{self._side} ended ({self._process.wait()}); its error, if it had one, stands above")
        if "failed" in answer:
            raise SystemExit(f"{self._side} did not start: {answer['failed']}")
        return answer


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
    processes = {side: Process(side, options) for side in options.sides}
    measured = {side: Measured(process.device) for side, process in processes.items()}
    for _ in range(options.rounds):
        for side, process in processes.items():
            best = measured[side]
            step, peak = process.ask("step"), process.ask("peak")
            best.losses.append(step["result"])
            best.wall, best.cpu = min(best.wall, step["wall"]), min(best.cpu, step["cpu"])
            best.peak_wall, best.peak_cpu = min(best.peak_wall, peak["wall"]), min(best.peak_cpu, peak["cpu"])
    for side, process in processes.items():
        measured[side].memory = process.ask("end")["memory"]
    flops = flops_of_an_example(options.layers)
    report(measured, options, flops)
    if options.json:
        sides = {side: asdict(best) | speeds(best, options, flops[side]) for side, best in measured.items()}
        settings = {name: str(value) for name, value in vars(options).items()}
        machine = {"cpus": os.cpu_count(), "load": os.getloadavg(), "bfloat16_units": bfloat16_units()}
        result = {"settings": settings, "machine": machine, "flops": flops, "sides": sides}
        options.json.write_text(json.dumps(result, indent=1) + "\n")


def sides_there(options: argparse.Namespace) -> list[str]:
    """Every side that this machine and the options have."""
    torch = options.torch_python or (importlib.util.find_spec("torch") and importlib.util.find_spec("transformers"))
    theirs = ["theirs"] if options.reference and options.device == "cpu" else []
    return [*theirs, *OURS, *(TORCH if torch else ())]


def flops_of_an_example(layers: int) -> dict[str, int]:
    """By side: ours computes the last layer at the masked words and the first token, the others at every one."""
    from jobs.flops import encoding_flops, example_flops
    from jobs.recipe import load_recipe

    shape = load_recipe("clinical", {"architecture.num_hidden_layers": str(layers)}).architecture
    ours = example_flops(shape, vocabulary=VOCABULARY, length=SEQUENCE, predictions=PREDICTIONS)
    whole = encoding_flops(shape, length=SEQUENCE)
    others = ours + 3 * (whole - encoding_flops(shape, length=SEQUENCE, read=PREDICTIONS + 1))
    return {side: ours if side in OURS else others for side in SIDES}


def bfloat16_units() -> list[str]:
    """Which of ``BFLOAT16_UNITS`` the processor has."""
    words = set(Path("/proc/cpuinfo").read_text().split())
    return [name for name in BFLOAT16_UNITS if name in words]


def speeds(best: Measured, options: argparse.Namespace, flops: int) -> dict[str, float]:
    """Utilisation is that of the measured peak, the model's FLOPs alone (MFU)."""
    product, step = 2 * PEAK_SIZE[options.device] ** 3, flops * options.batch
    return {
        "sequences_per_second": options.batch / best.wall,
        "peak_flops": product / best.peak_wall,
        "utilisation": step / best.wall / (product / best.peak_wall),
        "utilisation_by_cpu_time": step / best.cpu / (product / best.peak_cpu),
    }


def report(measured: dict[str, Measured], options: argparse.Namespace, flops: dict[str, int]) -> None:
    batch = options.batch
    work = " or ".join(f"{flop * batch / 1e9:.0f}" for flop in sorted({flops[side] for side in measured}))
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; {work} GFLOP a step of {batch}")
    if options.device == "cpu":
        units = " and ".join(bfloat16_units())
        print(
            f"bfloat16 units: {units or 'none, so that bfloat16 is emulated and says nothing of processors with them'}"
        )
    theirs = measured.get("theirs")
    for side, best in measured.items():
        found = speeds(best, options, flops[side])
        line = (
            f"{side:23} {found['sequences_per_second']:6.2f} sequences/s ({best.cpu:.2f} s of CPU a step), "
            f"{best.memory / 1e9:.2f} GB, {found['utilisation']:.0%} of the matrix peak of "
            f"{found['peak_flops'] / 1e12:.3g} TFLOP/s (CPU {found['utilisation_by_cpu_time']:.0%}) on {best.device}"
        )
        if theirs and best is not theirs:
            line += f": {theirs.wall / best.wall:.2f}x (CPU {theirs.cpu / best.cpu:.2f}x)"
        print(line, f"loss {best.losses[0]:.3f} to {best.losses[-1]:.3f}")
    for side in OURS:
        rivals = [best for name, best in measured.items() if name in TORCH and name.endswith(f"-{side}")]
        if rivals and (ours := measured.get(side)):
            wall, cpu = min(best.wall for best in rivals), min(best.cpu for best in rivals)
            print(f"{side} against the faster of torch's: {wall / ours.wall:.2f}x (CPU {cpu / ours.cpu:.2f}x)")


if __name__ == "__main__":
    main()
