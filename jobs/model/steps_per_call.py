"""How many steps one call to the devices makes. More save overhead; the result is the same."""

from __future__ import annotations

import os

from jobs.errors import ConfigurationError
from jobs.model.sampler import BATCHES_AHEAD

STEPS_PER_CALL_VARIABLE = "COVID_CTL_STEPS_PER_CALL"
"""Environment variable with a number. Without it, a call makes as many steps as fill ``CALL_SECONDS``."""
CALL_SECONDS = 1.0
"""A call ends before SIGTERM is heard, and a spot node leaves 15 seconds for everything."""


class StepsPerCall:
    """``fixed`` steps per call, or as many as fill ``CALL_SECONDS`` by the call before; at most ``BATCHES_AHEAD``."""

    def __init__(self, fixed: int | None = None) -> None:
        self._fixed = fixed
        self._next = fixed or 1

    @classmethod
    def of_environment(cls) -> StepsPerCall:
        """Raises ``ConfigurationError`` when the variable holds no such number."""
        text = os.environ.get(STEPS_PER_CALL_VARIABLE, "")
        if text and not (text.isdecimal() and 1 <= int(text) <= BATCHES_AHEAD):
            raise ConfigurationError(STEPS_PER_CALL_VARIABLE, f"{text!r} is not in 1 to {BATCHES_AHEAD}", "unset it")
        return cls(int(text) if text else None)

    def steps(self, step: int, boundary: int) -> int:
        """The next call's number of steps from ``step``, at most up to ``boundary``."""
        return min(self._next, boundary - step)

    def took(self, steps: int, seconds: float) -> None:
        """Learn from a call of ``steps`` that took so many ``seconds``."""
        if self._fixed is None:
            # At most doubled: the first call after a pause says little.
            fitting = int(CALL_SECONDS * steps / max(seconds, 1e-9))
            self._next = max(1, min(fitting, 2 * steps, BATCHES_AHEAD))
