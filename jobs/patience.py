"""How long a request that fails in passing is repeated, and what may end the waiting."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from jobs.errors import Interrupted, StoreUnreachableError

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 15.0
QUIET_SECONDS = 5.0
"""A blip that is over sooner is not worth a word."""
_SLICE = 0.2
"""Seconds between two looks whether to stop."""


def _warn(line: str) -> None:
    logging.getLogger("covid-ctl").warning(line)


@dataclass(frozen=True)
class Patience:
    """Limits in seconds. With 0 a request is made once."""

    seconds: float = 600.0
    request_seconds: float = 60.0
    """The longest that one request may take."""
    stopping: Callable[[], bool] = lambda: False
    """Ends the waiting with ``Interrupted``."""
    notice: Callable[[str], None] = _warn
    """Called once in an outage with what to say of it."""
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


WORKING = Patience()
"""For what decides: a shard, a commit, an entry in the ledger."""
LOOKING = Patience(seconds=20.0, request_seconds=20.0)
"""For who only looks: to hear soon that a bucket does not answer is better than to wait."""
PASSING = Patience(seconds=2.0, request_seconds=10.0)
"""For what may be lost: a heartbeat, a copy of a log."""


class Outage:
    """One request that fails again and again."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._began = patience.clock()
        self._pause = FIRST_PAUSE
        self._told = False

    def wait(self, error: StoreUnreachableError) -> None:
        """Return when the request is to be repeated. Raises ``error`` at the end of the patience, ``Interrupted``."""
        patience = self._patience
        lasted = patience.clock() - self._began
        if lasted >= patience.seconds:
            if self._told:
                reason = f"{error.reason} (tried again for {lasted:.0f} s)"
                raise StoreUnreachableError(error.thing, reason, error.remedy) from error
            raise error
        if lasted >= QUIET_SECONDS and not self._told:
            self._told = True
            limit = patience.seconds
            words = f"{limit / 60:.0f} minutes" if limit >= 120 else f"{limit:.0f} s"
            patience.notice(f"{error.thing}: {error.reason}; trying again for up to {words}")
        # Jitter, so that a hundred workers do not come back at the same moment.
        left = min(self._pause, patience.seconds - lasted) * random.uniform(0.5, 1.0)
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        while left > 0:
            if patience.stopping():
                raise Interrupted(error.thing, f"SIGTERM arrived while it failed ({error.reason})", error.remedy)
            patience.sleep(min(left, _SLICE))
            left -= _SLICE
