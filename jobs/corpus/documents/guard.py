"""Work on one document at a time, of which none can stop or hold up the others."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from jobs.corpus.documents.document import Document
from jobs.corpus.documents.quarantine import Quarantined
from jobs.errors import ConfigurationError, CovidCtlError

Result = TypeVar("Result")

SECONDS = 10.0
SECONDS_PER_CHARACTER = 2e-5
"""Processor time that a document may take, at most. Usually a character takes 2e-7 s, and no machine is a hundred times
slower than another: so which documents are quarantined depends on the documents."""
_TICK = 0.5
"""Seconds of processor time after which the limit is looked at, and whether the step is to stop."""


class OutOfTimeError(Exception):
    """Raised inside the work on a document, wherever it is: regular expressions let signals through."""


class DocumentGuard:
    """Runs the work on each document; one that fails is quarantined, whatever it did.

    ``file`` is where the documents are read from. ``check_stop`` raises when the step is to end; it is asked during
    the work too. Time is limited only in the process's main thread, where Python handles signals.
    """

    def __init__(self, file: str = "", check_stop: Callable[[], None] = lambda: None) -> None:
        self._file = file
        self._check_stop = check_stop
        self.quarantined: list[Quarantined] = []

    def run(self, document: Document, work: Callable[[Document], Result]) -> Result | None:
        """What ``work`` returns, or None where the document failed.

        Errors of the system (``OSError``) and of ours (``CovidCtlError``) are no document's fault and go on.
        """
        characters = sum(map(len, document.texts))
        limit = SECONDS + SECONDS_PER_CHARACTER * characters
        try:
            with self._limited(limit):
                return work(document)
        except (OSError, CovidCtlError):
            raise
        except OutOfTimeError:
            reason = f"took more than {limit:.0f} s of processor time for its {characters:,} characters"
        except MemoryError:
            reason = f"ran out of memory with its {characters:,} characters"
        except Exception as error:
            reason = f"failed with {type(error).__name__}: {error}"[:_LONGEST_REASON]
        self.quarantined.append(Quarantined(self._file, reason, cord_uid=document.cord_uid))
        return None

    @contextmanager
    def _limited(self, limit: float) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        started = time.thread_time()

        def look(_signal: int, _frame: FrameType | None) -> None:
            self._check_stop()
            if time.thread_time() - started > limit:
                raise OutOfTimeError

        before = signal.signal(signal.SIGVTALRM, look)
        signal.setitimer(signal.ITIMER_VIRTUAL, min(_TICK, limit), _TICK)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            signal.signal(signal.SIGVTALRM, before)


_LONGEST_REASON = 300


def check_quarantined(quarantined: int, read: int, share: float, step: str) -> None:
    """Raises ``ConfigurationError`` when more than ``share`` of the documents failed, and more than one."""
    if quarantined > max(1, share * read):
        raise ConfigurationError(
            step,
            f"{quarantined:,} of {read:,} documents could not be processed, more than the {share:.0%} allowed",
            f"see {step}/quarantine/ for each and why, or allow more: --set corpus.max_quarantined_share=SHARE",
        )
