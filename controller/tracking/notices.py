"""Tells webhooks that a step has ended.

At least once for each end, and usually once: what was delivered is noted in the ledger, and a tracker that starts finds
there what was not. A receiver tells a repetition by the notice's ``id``. Nothing here ends a step or a tracker.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from controller.kube.backoff import Retrying
from controller.profiles.webhook import why_not_called
from controller.tracking.webhook_call import Reply, call_webhook

MOST_AT_ONCE = 32
LONGEST_REASON = 1000
"""Characters."""
DELIVERED = "delivered"

_Key = tuple[str, int, str]
"""A step, the number of its submission, and the address."""


@dataclass(frozen=True)
class Notice:
    """The body of the POST, as JSON. Fields may be added, and keep their names and meaning."""

    id: str
    """The same in every repetition, and another for each end of a step."""
    step: str
    kind: str
    recipe: str
    """Empty for a step that no recipe names."""
    state: str
    """``complete`` or ``failed``."""
    reason: str
    """Why it failed."""
    result: str
    """What it made."""
    ended_at: str
    """UTC, as in ``2026-11-28T22:10:00+00:00``."""
    bucket: str
    text: str
    """All of it in a line, which is what chat programs show."""
    version: int = 1

    @classmethod
    def of(
        cls, step: str, *, number: int, kind: str, recipe: str, bucket: str, ended_at: float, reason: str, result: str
    ) -> Notice:
        """``number`` counts the submissions of the step. With a ``reason`` it has failed."""
        state, reason = "failed" if reason else "complete", reason[:LONGEST_REASON]
        at = datetime.fromtimestamp(ended_at, UTC).isoformat(timespec="seconds")
        text = f"{step}: {state}. {reason or result}"
        return cls(f"{step}/{number}", step, kind, recipe, state, reason, result, at, bucket, text)

    def body(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode("utf-8", "replace")


class Notifier:
    """Calls webhooks in threads of its own. ``why_refused`` says of an address why it is not called."""

    def __init__(
        self,
        why_refused: Callable[[str], str] = why_not_called,
        *,
        retrying: Retrying | None = None,
        call: Callable[[str, bytes], Reply] = call_webhook,
    ) -> None:
        self._why_refused = why_refused
        self._retrying = retrying or Retrying(attempts=10)
        self._call = call
        self._lock = threading.Lock()
        self._outcomes: dict[_Key, str] = {}
        """Empty while it is under way."""

    def tell(self, name: str, number: int, url: str, notice: Callable[[], Notice]) -> str:
        """Begin a delivery unless it has begun; its outcome, which is empty until it has ended.

        ``number`` is that of the step's submission, whose end is told.
        """
        key = (name, number, url)
        with self._lock:
            for old in [
                one for one, outcome in self._outcomes.items() if one[0] == name and one[1] < number and outcome
            ]:
                del self._outcomes[old]
            if key in self._outcomes or sum(not outcome for outcome in self._outcomes.values()) >= MOST_AT_ONCE:
                return self._outcomes.get(key, "")
        outcome, body = self._why_refused(url), b""
        if not outcome:
            body = notice().body()
        with self._lock:
            self._outcomes[key] = outcome
        if not outcome:
            threading.Thread(target=self._deliver, args=(key, body), daemon=True).start()
        return outcome

    def forget(self, name: str, number: int, url: str) -> None:
        """The outcome has been noted."""
        with self._lock:
            self._outcomes.pop((name, number, url), None)

    def over(self) -> set[str]:
        """The steps of deliveries that have ended and are not noted."""
        with self._lock:
            return {name for (name, _, _), outcome in self._outcomes.items() if outcome}

    def _deliver(self, key: _Key, body: bytes) -> None:
        for attempt in range(1, self._retrying.attempts + 1):
            reply = self._call(key[2], body)
            if reply.delivered or not reply.try_again or attempt == self._retrying.attempts:
                break
            self._retrying.pause(attempt)
        gave_up = f"given up after {attempt} calls: {reply.reason}" if attempt > 1 else f"not delivered: {reply.reason}"
        with self._lock:
            self._outcomes[key] = DELIVERED if reply.delivered else gave_up
