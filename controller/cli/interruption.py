"""Ctrl-C and SIGTERM as a question instead of an exception: whatever is being written is finished first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable


def interruption() -> Callable[[], bool]:
    """Whether either has come, from now on. A second one ends covid-ctl at once."""
    asked = threading.Event()

    def ask(*_: object) -> None:
        asked.set()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.default_int_handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, ask)
    return asked.is_set
