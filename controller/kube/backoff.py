"""Decides when to retry: exponential back-off with full jitter, never sooner than the server asks."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

BASE_SECONDS = 0.5
CAP_SECONDS = 30.0
ATTEMPTS = 6


@dataclass(frozen=True)
class Retrying:
    """Clock, sleep and chance are arguments, so that tests wait for nothing."""

    attempts: int = ATTEMPTS
    """Maximum attempts per request. Watches retry indefinitely."""
    base_seconds: float = BASE_SECONDS
    cap_seconds: float = CAP_SECONDS
    sleep: Callable[[float], object] = time.sleep
    chance: Callable[[], float] = field(default=random.random)

    def delay(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after the ``failures``-th failure in a row.

        Jitter is added to what the server asks for, not taken from it: all its clients were told the same second.
        """
        spread = min(self.cap_seconds, self.base_seconds * 2.0 ** min(failures - 1, 16)) * self.chance()
        return spread + (retry_after or 0.0)

    def pause(self, failures: int, retry_after: float | None = None) -> None:
        self.sleep(self.delay(failures, retry_after))
