"""Work on one document at a time, of which none can stop or hold up the others."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Self, TypeVar

from jobs.corpus.documents.document import Document
from jobs.corpus.documents.quarantine import LONGEST_REASON, Quarantined
from jobs.errors import ConfigurationError, CovidCtlError

Result = TypeVar("Result")

SECONDS = 10.0
SECONDS_PER_CHARACTER = 2e-5
"""Processor time that a document may take, at most. Usually a character takes 2e-7 s, and no machine is a hundred times
slower than another: so which documents are quarantined depends on the documents."""
_TICK, _SHORTEST_TICK = 0.5, 0.01
"""Seconds of processor time after which the limit is looked at, and whether the step is to stop."""


class OutOfTimeError(Exception):
    """Raised inside the work on a document, wherever it is: regular expressions let signals through."""


class DocumentGuard:
    """Runs the work on each document; one that fails is quarantined, whatever it did.

    ``file`` is where the documents are read from. ``check_stop`` raises when the step is to end; it is asked during
    the work too. Time is limited only in the process's main thread, where Python handles signals. Enter the guard
    around the work on many documents: else each ``run`` does, at the cost of a handler.
    """

    def __init__(self, file: str = "", check_stop: Callable[[], None] = lambda: None) -> None:
        self._file = file
        self._check_stop = check_stop
        self._entered = self._limits = False
        self._document, self._started = _NO_DOCUMENT, 0.0
        self.quarantined: list[Quarantined] = []

    def __enter__(self) -> Self:
        self._entered = True
        self._limits = threading.current_thread() is threading.main_thread()
        if self._limits:
            self._handler_before = signal.signal(signal.SIGVTALRM, self._look)
        return self

    def __exit__(self, *_error: object) -> None:
        self._entered = False
        if self._limits:
            signal.signal(signal.SIGVTALRM, self._handler_before)

    def run(self, document: Document, work: Callable[[Document], Result]) -> Result | None:
        """What ``work`` returns, or None where the document failed.

        Errors of the system (``OSError``) and of ours (``CovidCtlError``) are no document's fault and go on.
        """
        if not self._entered:
            with self:
                return self.run(document, work)
        try:
            if not self._limits:
                return work(document)
            self._document, self._started = document, time.thread_time()
            signal.setitimer(signal.ITIMER_VIRTUAL, min(_TICK, max(_SHORTEST_TICK, SECONDS)), _TICK)
            try:
                return work(document)
            finally:
                signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        except (OSError, CovidCtlError):
            raise
        except OutOfTimeError:
            reason = (
                f"took more than {_limit(document):.0f} s of processor time for its {_length(document):,} characters"
            )
        except MemoryError:
            reason = f"ran out of memory with its {_length(document):,} characters"
        except Exception as error:
            reason = f"failed with {type(error).__name__}: {error}"[:LONGEST_REASON]
        self.quarantined.append(Quarantined(self._file, reason, cord_uid=document.cord_uid))
        return None

    def _look(self, _signal: int, _frame: FrameType | None) -> None:
        self._check_stop()
        if time.thread_time() - self._started > _limit(self._document):
            raise OutOfTimeError


_NO_DOCUMENT = Document("", "", (), (), "", "", "")


def _length(document: Document) -> int:
    return sum(map(len, document.texts))


def _limit(document: Document) -> float:
    """Seconds of processor time."""
    return SECONDS + SECONDS_PER_CHARACTER * _length(document)


def check_quarantined(quarantined: int, read: int, share: float, step: str) -> None:
    """Raises ``ConfigurationError`` when more than ``share`` of the documents failed, and more than one."""
    if quarantined > max(1, share * read):
        raise ConfigurationError(
            step,
            f"{quarantined:,} of {read:,} documents could not be processed, more than the {share:.0%} allowed",
            f"see {step}/quarantine/ for each and why, or allow more: --set corpus.max_quarantined_share=SHARE",
        )
