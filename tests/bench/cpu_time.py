"""How long a call keeps the processor."""

import gc
import time
from collections.abc import Callable


def cpu_seconds(run: Callable[[], None]) -> float:
    """CPU time of all threads of this process."""
    gc.collect()  # no call pays for walking another's garbage
    started = time.process_time()
    run()
    return time.process_time() - started
