"""Lines about steps: progress on a terminal, changes in a pipe, log events. Nothing here decides."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import IO, TYPE_CHECKING

from rich.live import Live
from rich.text import Text

from controller.cli.console import console_of, safe_text
from controller.cli.terminal import OutputError, abandon_output
from controller.cli.words import (
    duration,
    progress_text,
    reason_text,
    running_text,
    shards_text,
    spent_text,
    steady,
)
from controller.status.derive import State
from controller.status.log_reading import LogLine
from controller.status.step_status import StepState, summary
from controller.tracking.submission import Submitted
from controller.tracking.wait import StepUpdate
from jobs.artifact import Manifest
from jobs.json_text import from_json

if TYPE_CHECKING:
    from controller.status.spending import Spending

LINE_SECONDS = 10.0
"""Interval between two lines about a step when only its progress is new."""


class News:
    """Picks the steps that have changed, for output in lines."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[object, float]] = {}

    def of(self, states: Sequence[StepState], now: float) -> list[StepState]:
        """Each step once at first, then whenever it changes, and running ones at intervals."""
        return [state for state in states if self._is_news(state, now)]

    def _is_news(self, state: StepState, now: float) -> bool:
        key = (state.state, shards_text(state), state.checkpoint, steady(reason_text(state)))
        told = self._told.get(state.name)
        due = state.state is State.RUNNING and told is not None and now - told[1] >= LINE_SECONDS
        if told and told[0] == key and not due:
            return False
        self._told[state.name] = key, now
        return True


def status_line(state: StepState, now: float, spent: Spending | None = None) -> str:
    at = datetime.fromtimestamp(now).astimezone().strftime("%H:%M:%S")
    done = (shards_text(state), running_text(state), spent_text(spent), reason_text(state))
    return "  ".join(part for part in (at, f"{state.name:<26}", state.label, f"{state.state:<11}", *done) if part)


def log_text(line: LogLine, *, shard: bool) -> str:
    """A worker's event in readable form; anything else as it is. With ``shard`` the shard is named first."""
    text = line.text
    if text.startswith("{"):
        try:
            text = _event_text(from_json(text))
        except (ValueError, KeyError, TypeError):
            text = line.text
    return f"[{line.index}] {text}" if shard else text


def _event_text(event: Mapping[str, object]) -> str:
    rest = {name: value for name, value in event.items() if name not in ("timestamp", "level", "event", "exception")}
    fields = " ".join(f"{name}={_value(value)}" for name, value in rest.items())
    at = str(event["timestamp"]).partition(".")[0].replace("T", " ").rstrip("Z")
    text = f"{at} {event['level']:<7} {event['event']}  {fields}".rstrip()
    return f"{text}\n{event['exception']}" if "exception" in event else text


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.5g}"
    quoted = json.dumps(value, ensure_ascii=False)
    return value if isinstance(value, str) and " " not in value and value else quoted


PROGRESS_LINE_SECONDS = 5.0
"""Interval between two progress lines of one step where there is no terminal."""


class Reporter:
    """Shows snapshots as they come: one live line on a terminal, plain lines elsewhere."""

    def __init__(self, out: IO[str]) -> None:
        self._console = console_of(out, soft_wrap=True)
        self._live: Live | None = None
        self._last: dict[str, tuple[tuple[int, str], int, float]] = {}

    def __enter__(self) -> Reporter:
        if self._console.is_terminal:
            # Refreshed by hand: a thread of its own would be copied into every container's process.
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live:
            self._live.stop()

    def note(self, text: str) -> None:
        self._show(lambda: self._console.print(text))

    def report(self, update: StepUpdate) -> None:
        self._show(lambda: self._report(update))

    def _show(self, show: Callable[[], None]) -> None:
        """Whoever read this has left, or the disk is full: no reason to end the work that is reported."""
        try:
            show()
        except OutputError:
            abandon_output()

    def _report(self, update: StepUpdate) -> None:
        if update.manifest:
            self._console.print(finished_line(update, update.manifest))
            if self._live:
                self._live.update(Text(""), refresh=True)
        elif self._live:
            line = safe_text(progress_line(update, width=0), no_wrap=True, overflow="ellipsis")
            self._live.update(line, refresh=True)
        elif self._is_news(update):
            self._console.print(progress_line(update))

    def _is_news(self, update: StepUpdate) -> bool:
        """A change, or now and then how far a step is; a step that only waits is reported once."""
        key = (update.progress.shards_done, steady(update.reason))
        last = self._last.get(update.step.name)
        if last and last[0] == key:
            due = update.seconds - last[2] >= PROGRESS_LINE_SECONDS
            if not due or update.progress.done == last[1]:
                return False
        self._last[update.step.name] = key, update.progress.done, update.seconds
        return True


def submitted_line(submitted: Submitted) -> str:
    """``pretrain-bio-1a2b3c4d  created, waits for preprocess-5e6f7a8b``."""
    waits = f", waits for {', '.join(submitted.missing)}" if submitted.missing else ""
    waits += ", ready and still suspended" if submitted.unreleased else ""
    why = f": {submitted.why_again}" if submitted.why_again else ""
    if submitted.outdated:
        why = (
            f", and its pods run as the profile was before: {'; '.join(submitted.outdated)}\n"
            f"  next: covid-ctl cancel {submitted.step.name}, then submit it again: committed work stays"
        )
    return "  ".join(
        filter(None, (f"{submitted.step.name:<26}", submitted.step.label, f"{submitted.outcome}{waits}{why}"))
    )


def finished_line(update: StepUpdate, manifest: Manifest) -> str:
    how = f"done in {duration(update.seconds)}" if update.fresh else "already complete"
    return "  ".join(part for part in (f"{update.step.name:<26}", update.step.label, how, summary(manifest)) if part)


def progress_line(update: StepUpdate, width: int = 26) -> str:
    retries = f"{update.retries} retried" if update.retries else ""
    name = f"{update.step.name:<{width}}"
    parts = (name, update.step.label, duration(update.seconds), progress_text(update.progress), retries, update.reason)
    return "  ".join(part for part in parts if part)
