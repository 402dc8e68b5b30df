"""Does this machine's clock agree with the others?

The ledger, signs of life and sign-ins all compare times of different machines.
"""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from http.client import HTTPException

from controller.doctor.check import Check, failed, ok, skipped
from controller.time_words import span
from jobs.store_connection import emulator_url

_NAME = "clock"
TOLERATED_SECONDS = 60.0
"""Half of the silence after which a worker is not taken to run (``controller.status.derive``)."""
_API = "https://storage.googleapis.com"
_SECONDS = 10.0

Ask = Callable[[], float | None]
"""A server's clock, in Unix seconds; None where it does not tell."""


def clock(servers: Mapping[str, Ask], *, now: Callable[[], float] = time.time) -> Check:
    """``servers`` by what to call them. Whoever differs from all is wrong: one server alone cannot tell who is."""
    ahead = {}
    for server, ask in servers.items():
        before = now()
        if (told := ask()) is not None:
            ahead[server] = told - (before + now()) / 2  # its answer was on its way for a while
    off = {server: by for server, by in ahead.items() if abs(by) > TOLERATED_SECONDS}
    if not ahead:
        return skipped(_NAME, "no server tells its time", "date --utc")
    if not off:
        return ok(_NAME, f"it agrees with that of {' and '.join(ahead)}")
    apart = " and ".join(f"{span(abs(by))} {'behind' if by > 0 else 'ahead of'} that of {s}" for s, by in off.items())
    remedy = "set it: sudo timedatectl set-ntp true"
    if len(off) < len(ahead):
        remedy = (
            f"have the clock of {' and '.join(off)} set: this machine agrees with {' and '.join(ahead.keys() - off)}"
        )
    return failed(_NAME, f"this machine's is {apart}", remedy)


def google_storage() -> float | None:
    """Reads the header of any answer, which needs no sign-in."""
    request = urllib.request.Request(emulator_url() or _API, method="HEAD")
    try:
        with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
            return http_date(answer.headers["Date"])
    except urllib.error.HTTPError as refusal:
        with refusal:
            return http_date(refusal.headers["Date"])
    except (OSError, HTTPException):
        return None


def http_date(text: str | None) -> float | None:
    """Unix seconds of a header as RFC 9110 has it; None where there is none."""
    try:
        return parsedate_to_datetime(text or "").timestamp()
    except ValueError:
        return None
