"""How fast training is between two log lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Throughput(NamedTuple):
    """Speed of training alone, without evaluations and saves."""

    examples_per_second: float
    data_wait_share: float
    """Share of the time spent waiting for batches."""
    eta_seconds: float
    model_flops_per_second: float
    utilisation: float | None
    """Share of the devices' peak; None when that is not known."""


@dataclass
class ThroughputMeter:
    """Adds up calls until ``read``. Evaluations and waiting for a checkpoint do not count."""

    batch_size: int
    step_flops: int
    peak: float | None
    """FLOP/s of the devices at best; None when unknown."""
    _steps: int = 0
    _seconds: float = 0.0
    _waited: float = 0.0

    def add(self, steps: int, *, seconds: float, waited: float) -> None:
        """Count a call of ``steps``, which waited for batches during ``waited`` of its ``seconds``."""
        self._steps += steps
        self._seconds += seconds
        self._waited += waited

    def read(self, steps_left: int) -> Throughput:
        """Throughput since the last ``read``."""
        seconds, steps = max(self._seconds, 1e-9), self._steps
        flops = steps * self.step_flops / seconds
        throughput = Throughput(
            examples_per_second=steps * self.batch_size / seconds,
            data_wait_share=self._waited / seconds,
            eta_seconds=steps_left * seconds / max(steps, 1),
            model_flops_per_second=flops,
            utilisation=flops / self.peak if self.peak else None,
        )
        self._steps, self._seconds, self._waited = 0, 0.0, 0.0
        return throughput
