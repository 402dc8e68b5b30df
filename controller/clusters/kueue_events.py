"""What Kueue says of a Job, by the events of its Workload. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from controller.clusters.objects import ObservedEvent

_GOOD_NEWS = ("QuotaReserved", "Admitted", "AdmissionChecksReady", "CreatedWorkload", "UpdatedWorkload", "Started")
_TAKEN_AWAY = ("Preempted", "EvictedDueTo")
_UIDS = re.compile(r" \([^()]*UID: [^()]*\)")


def newest_reason(events: Sequence[ObservedEvent]) -> str:
    """What Kueue said last of the Job's Workload, unless that was good news.

    If it had admitted the Job and took its quota away since, that comes first: what the queue says next would hide it.
    """
    told = [event for event in events if event.kind == "Workload" or (event.kind, event.reason) == ("Job", "Stopped")]
    if not told:
        return ""
    last = max(told, key=lambda event: event.at)
    if last.reason in _GOOD_NEWS:
        return ""
    admitted_at = max((event.at for event in told if event.reason in _GOOD_NEWS), default=0.0)
    taken = [event for event in told if event.at >= admitted_at and event.reason.startswith(_TAKEN_AWAY)]
    if last in taken:
        return f"{last.reason}: {_without_details(last.message)}"
    why = "".join(f"{_without_details(event.message)}; now " for event in taken[:1])
    return f"{why}{last.reason}: {last.message}"


def _without_details(message: str) -> str:
    """Kueue's message of a preemption goes on with identifiers, paths and priorities."""
    return _UIDS.sub("", message.partition("; ")[0])
