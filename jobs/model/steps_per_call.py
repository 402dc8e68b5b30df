"""How many steps one call to the devices makes: it saves overhead, and changes no result."""

from __future__ import annotations

import os

from jobs.errors import ConfigurationError
from jobs.model.sampler import READ_AHEAD

VARIABLE = "COVID_CTL_STEPS_PER_CALL"
"""Environment variable: a number; without it, as many as fill ``CALL_SECONDS``."""
CALL_SECONDS = 1.0
"""SIGTERM waits for a call to end, and on a spot node has 15 seconds for all."""


class Pace:
    """``fixed`` steps per call, or as many as fill ``CALL_SECONDS`` by the call before; at most ``READ_AHEAD``."""

    def __init__(self, fixed: int | None = None) -> None:
        self._fixed = fixed
        self._next = fixed or 1

    @classmethod
    def of_environment(cls) -> Pace:
        """Raises ``ConfigurationError`` when the variable holds no such number."""
        text = os.environ.get(VARIABLE, "")
        if text and not (text.isdecimal() and 1 <= int(text) <= READ_AHEAD):
            raise ConfigurationError(VARIABLE, f"{text!r} is not in 1 to {READ_AHEAD}", "unset it")
        return cls(int(text) if text else None)

    def steps(self, step: int, boundary: int) -> int:
        """How many to make from ``step``, without passing ``boundary``."""
        return min(self._next, boundary - step)

    def took(self, steps: int, seconds: float) -> None:
        if self._fixed is None:
            # Doubling at most: the first call after a pause says little.
            fitting = int(CALL_SECONDS * steps / max(seconds, 1e-9))
            self._next = max(1, min(fitting, 2 * steps, READ_AHEAD))
