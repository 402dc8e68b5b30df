"""Says, while steps are waited for, that the bucket or the cluster does not answer, and when it does again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from controller.kube.api_errors import OverloadedError, UnreachableError
from controller.time_words import span
from jobs.errors import CovidCtlError, StoreUnreachableError

AGAIN_SECONDS = 60.0
"""Between two notes about one outage."""
SETTLED_SECONDS = 10.0
"""An outage is over when nothing has failed for so long."""
BUCKET, CLUSTER = "the bucket", "the cluster"


@dataclass
class _Outage:
    began_at: float
    failed_at: float
    noted_at: float


class Outages:
    """Waiting can mend them: neither side's outage ends the waiting, and the steps go on meanwhile."""

    def __init__(self, note: Callable[[str], None], *, clock: Callable[[], float] = time.time) -> None:
        self._note = note
        self._clock = clock
        self._going: dict[str, _Outage] = {}

    def tolerate(self, name: str, error: Exception, retry_seconds: float) -> None:
        """For a tracker's ``on_error``: notes an outage, and raises every other error."""
        del name, retry_seconds
        match error:
            case StoreUnreachableError():
                self.failed(BUCKET, error)
            case OverloadedError() | UnreachableError():
                self.failed(CLUSTER, error)
            case _:
                raise error

    def failed(self, what: str, error: CovidCtlError) -> None:
        self.failed_because(what, f"{error.thing}: {error.reason}")

    def failed_because(self, what: str, reason: str) -> None:
        now = self._clock()
        outage = self._going.get(what)
        if outage is None:
            self._going[what] = _Outage(now, now, now)
            self._note(f"{what} does not answer ({reason}); the steps go on, and so does waiting for them")
            return
        outage.failed_at = now
        if now - outage.noted_at >= AGAIN_SECONDS:
            outage.noted_at = now
            self._note(f"{what} has not answered for {span(now - outage.began_at)} ({reason})")

    def answered(self, what: str) -> None:
        now = self._clock()
        outage = self._going.get(what)
        if outage and now - outage.failed_at >= SETTLED_SECONDS:
            del self._going[what]
            self._note(f"{what} answers again, after {span(now - outage.began_at)}")
