"""How steps, their logs and their leftovers look: tables and lines. Nothing here decides."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from rich.table import Table

from controller.gc import Removal
from controller.log_lines import LogLine
from controller.spans import times
from controller.spending import Spending
from controller.state import StepState
from controller.verdict import State
from controller.view import progress_text, size, table_of
from jobs.ranges import Range, dollars_text, time_text

LINE_SECONDS = 10.0
"""Between two lines about a step of which nothing but its progress is new."""

_TIMES = re.compile(r"\d+ (?:s|min|h|days)\b|just now")


def step_json(state: StepState, spent: Spending | None) -> dict[str, Any]:
    """For programs."""
    return {**asdict(state), "spending": asdict(spent) if spent else None}


def status_table(states: Sequence[StepState], spent: Mapping[str, Spending]) -> Table:
    """With a column of costs where a price is known: of this machine none is."""
    priced = any(one.dollars is not None for one in spent.values())
    table = table_of("STEP", "STATE", "SHARDS", "PROGRESS", *(["COST"] if priced else []), "SUBMITTED", "REASON")
    for state in states:
        submitted = datetime.fromtimestamp(state.submitted_at).astimezone().strftime("%Y-%m-%d %H:%M")
        table.add_row(
            state.name,
            state.state,
            shards_text(state),
            _progress(state),
            *([_spent(spent.get(state.name))] if priced else []),
            submitted if state.submitted_at else "",
            reason_text(state),
        )
    return table


def _spent(spent: Spending | None) -> str:
    """``$12.40 in 1.6 h (expected $71 to 95 in 8.9 to 12 h)``; of what has not begun the latter alone."""
    if spent is None or spent.dollars is None:
        return ""
    begun = f"${spent.dollars:,.2f} in {time_text(Range(spent.hours, spent.hours))}" if spent.hours else ""
    if not (spent.expected_hours and spent.expected_dollars):
        return begun
    expected = f"expected {dollars_text(spent.expected_dollars)} in {time_text(spent.expected_hours)}"
    return f"{begun} ({expected})" if begun else expected


def shards_text(state: StepState) -> str:
    """``2/8, 3 active, 1 failed``."""
    parts = [f"{state.progress.shards_done}/{state.progress.shards}"]
    if state.active and state.progress.shards > 1:
        parts.append(f"{state.active} active")
    if state.failed:
        parts.append(f"{state.failed} failed")
    return ", ".join(parts)


def reason_text(state: StepState) -> str:
    parts = [state.reason]
    if state.state is not State.COMPLETE:
        parts += [f"retried {times(state.retries)}"] if state.retries else []
        parts += [f"preempted {times(state.preempted)}"] if state.preempted else []
    return "; ".join(filter(None, parts))


def _progress(state: StepState) -> str:
    parts = [progress_text(state.progress, shards=False)] if state.state is State.RUNNING else []
    if state.checkpoint is not None and state.state is not State.COMPLETE:
        parts.append(f"checkpoint {state.checkpoint:,}")
    return "  ".join(parts)


def steady(reason: str) -> str:
    """Without its times: "tried again in 7 s" is not another reason than "tried again in 9 s"."""
    return _TIMES.sub("", reason)


class News:
    """Which steps there is something new to say about, for whoever reads lines."""

    def __init__(self) -> None:
        self._told: dict[str, tuple[object, float]] = {}

    def of(self, states: Sequence[StepState], now: float) -> list[StepState]:
        """Each once at first; then where it changed, and of running ones how far they are now and then."""
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
    done = (shards_text(state), _progress(state), _spent(spent), reason_text(state))
    return "  ".join(part for part in (at, f"{state.name:<26}", f"{state.state:<11}", *done) if part)


def log_text(line: LogLine, *, shard: bool) -> str:
    """A worker's event as a person reads it; anything else as it is. ``shard`` says of which it is."""
    text = line.text
    if text.startswith("{"):
        try:
            text = _event_text(json.loads(text))
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


def gc_table(removals: Sequence[Removal]) -> Table:
    table = table_of("WHAT", "OF", "OBJECTS", "SIZE", "REASON")
    for removal in removals:
        table.add_row(removal.what, removal.name, f"{len(removal.paths):,}", size(removal.bytes), removal.why)
    return table
