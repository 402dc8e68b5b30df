"""One side of ``training.py``, a process of its own: it makes a step when its standard input says so.

    PYTHON tests/bench/training_side.py '{"side": "bfloat16", "device": "cpu", ...}'

It imports nothing but what its side needs, so that PYTHON may be one with torch and nothing of ours. It answers each
line with one of JSON: ``{"ready": ...}`` or ``{"failed": REASON}`` first, then what ``step`` and ``peak`` gave and
took, and its memory at the ``end``.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

WARM_UP = 2
"""Steps before the first one that counts: they compile."""


@dataclass(frozen=True)
class Side:
    """What the module of a side makes of its settings."""

    step: Callable[[], float]
    """One update; its loss."""
    peak: Callable[[], float]
    """One large matrix product."""
    device: str
    memory: Callable[[], int] = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    """The most that it has had, in bytes."""


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print is no answer

    def answer(**values: Any) -> None:
        print(json.dumps(values), file=answers, flush=True)

    settings = SimpleNamespace(**json.loads(sys.argv[1]))
    module = "training_torch" if settings.side.startswith("torch-") else "training_tensorflow"
    try:
        side = importlib.import_module(module).side(settings)
        for _ in range(WARM_UP):
            side.step()
        side.peak()
    except Exception as error:
        if not hasattr(error, "remedy"):  # ours say all there is to say
            traceback.print_exc()
        answer(failed=f"{error}")
        return
    answer(ready=side.device)
    for line in sys.stdin:
        if line.strip() == "end":
            answer(memory=side.memory())
            return
        wall, cpu = time.perf_counter(), time.process_time()
        result = getattr(side, line.strip())()
        answer(result=result, wall=time.perf_counter() - wall, cpu=time.process_time() - cpu)


def processor() -> str:
    """The CPU's model."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "CPU")


if __name__ == "__main__":
    # As the module that sides import, whose Side is then the one made here.
    import training_side

    training_side.main()
