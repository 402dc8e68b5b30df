"""Words and numbers of steps, as people read them: durations, sizes, progress, reasons. Pure."""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from controller.status.derive import State
from controller.status.step_status import StepProgress, StepState
from controller.time_words import times
from jobs.ranges import Range, dollars_text, time_text

if TYPE_CHECKING:
    from controller.status.spending import Spending
    from jobs.corpus.documents.balance import Spread

_WHOLE = 1000
_TIMES = re.compile(r"\b\d+ (?:s|min|h|days)\b|just now")


def spent_text(spent: Spending | None) -> str:
    """``$12.40 in 1.6 h (expected $67 to 89 in 8.4 to 11 h)``; of what has not begun the latter alone."""
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
    if state.active and state.progress.shards > 1 and state.state is not State.COMPLETE:
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


def running_text(state: StepState) -> str:
    parts = [progress_text(state.progress, shards=False)] if state.state is State.RUNNING else []
    if state.checkpoint is not None and state.state is not State.COMPLETE:
        parts.append(f"checkpoint {state.checkpoint:,}")
    return "  ".join(parts)


def result_text(state: StepState) -> str:
    """How far the step is, else what it made, else why it is in its state."""
    parts = [running_text(state), state.summary, reason_text(state)]
    return "  ".join(filter(None, parts))


def short_span(seconds: float) -> str:
    """``45s``, ``12m``, ``3h``, ``16d``: for a narrow column."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f}{unit}"
    return f"{max(0.0, seconds):.0f}s"


def steady(reason: str) -> str:
    """The reason without its times: "tried again in 7 s" and "tried again in 9 s" are the same reason."""
    return _TIMES.sub("", reason)


def progress_text(progress: StepProgress, *, shards: bool = True) -> str:
    """``shards 3/8  412 documents/s  loss 6.31  ETA 0:42``, as far as it is known."""
    parts = []
    if shards and progress.shards > 1:
        parts.append(f"shards {progress.shards_done}/{progress.shards}")
    if progress.total:
        if progress.unit == "bytes":
            parts.append(f"unpacked {size(progress.done)}/{size(progress.total)}")
        else:
            parts.append(f"{progress.unit} {progress.done:,}/{progress.total:,}")
    if progress.doing:
        parts.append(progress.doing)
    if progress.rate:
        few = f"{progress.rate:.2g}" if progress.rate < 1 else f"{progress.rate:,.1f}"
        rate = size(round(progress.rate)) if progress.unit == "bytes" else f"{few} {progress.unit}"
        parts.append(f"{rate}/s")
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.3f}")
    if progress.eta_seconds is not None:
        parts.append(f"ETA {duration(progress.eta_seconds)}")
    return "  ".join(parts) or "starting"


def duration(seconds: float) -> str:
    """``0:07``, ``12:30``, ``3:05:00``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


_LINE = 100
"""Columns of a paragraph, at most: longer lines are hard to read."""


def wrapped(text: str, width: int) -> str:
    """A paragraph in lines that a terminal of this width shows whole; in a pipe, whose lines have no end, as it is."""
    lines = textwrap.wrap(text, min(width, _LINE), break_long_words=False, break_on_hyphens=False)
    return text if width > _WHOLE else "\n".join(lines)


def size(count: int) -> str:
    """Bytes for people: ``812 B``, ``3.4 MB``."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def spread_text(spread: Spread) -> str:
    """How even the shards will be; of uneven ones, why and what would be even."""
    text = (
        f"about {size(round(spread.mean))} of text a shard, from {size(spread.smallest)} to {size(spread.largest)} "
        f"({spread.unevenness:.2f} times the mean), judged by the files of {spread.documents:,} documents"
    )
    if spread.is_even:
        return text
    even = f"--shards {spread.surely_even} or fewer are even" if spread.surely_even > 1 else "--shards 1 is even"
    return (
        f"{text}\nuneven: the largest document has {size(spread.largest_document)}, and a document is never split; "
        f"{even}"
    )


def hours_text(hours: Range | None) -> str:
    return time_text(hours) if hours else "?"


def cost_text(dollars: Range | None) -> str:
    return dollars_text(dollars) if dollars else ""
