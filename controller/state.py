"""What a step is now: derived from its events, its artifact and its heartbeats, never stored."""

from __future__ import annotations

from dataclasses import dataclass

from controller.ledger import NOTES, EventType, Ledger
from jobs.artifact import Artifact
from jobs.errors import ConfigurationError, CovidCtlError
from jobs.progress import read_heartbeats
from jobs.store import Store

SILENCE_SECONDS = 120.0
"""A running step that has said nothing for so long is taken to be interrupted."""


@dataclass(frozen=True)
class Progress:
    """How far a step is, summed over its shards."""

    shards_done: int
    shards: int
    done: int = 0
    """In ``unit``, of ``total``: of the shards that have begun."""
    total: int = 0
    unit: str = ""
    rate: float = 0.0
    """``unit`` per second, of the shards that are at work."""
    loss: float | None = None
    eta_seconds: float | None = None


@dataclass(frozen=True)
class StepState:
    name: str
    kind: str
    recipe: str
    state: str
    """complete, running, failed, cancelled, interrupted, submitted or damaged."""
    reason: str
    """Why it is in that state, where there is something to say."""
    progress: Progress
    submitted_at: float
    command: str
    """The command that submitted it."""


def observe_progress(artifact: Artifact, since: float) -> Progress:
    """A step's progress by its shard records and the heartbeats written after ``since`` (epoch seconds)."""
    committed = set(artifact.shards_done())
    shards = artifact.spec.shards
    beats = {k: b for k, b in read_heartbeats(artifact.store, artifact.name).items() if b["at"] >= since}
    at_work = [beat for shard, beat in beats.items() if shard not in committed]
    done, total = sum(b["done"] for b in beats.values()), sum(b["total"] for b in beats.values())
    rate = sum(b["rate"] for b in at_work)
    # Shards that have not begun are taken to be like those that have.
    begun = len(beats.keys() | committed)
    left = total - done + (total / len(beats) * (shards - begun) if beats else 0)
    return Progress(
        shards_done=len(committed),
        shards=shards,
        done=done,
        total=total,
        unit=next((b["unit"] for b in beats.values()), ""),
        rate=rate,
        loss=next((b["loss"] for b in at_work if "loss" in b), None),
        eta_seconds=left / rate if rate > 0 else None,
    )


def observe(store: Store, name: str, *, now: float) -> StepState:
    """One step. Raises ``ConfigurationError`` when none of that name was ever submitted."""
    events = Ledger(store).events(name) if name in Ledger(store).steps() else []
    if not events:
        raise ConfigurationError(name, f"no such step in {store.location}", "covid-ctl status")
    artifact = Artifact.open(store, name)
    started = max((e.at for e in events if e.type is EventType.STARTED), default=events[0].at)
    progress = observe_progress(artifact, started)
    last = next((e for e in reversed(events) if e.type not in NOTES), events[0])
    state, reason = str(last.type), ""
    if artifact.manifest():
        state = "complete"
    elif last.type is EventType.FAILED:
        reason = last.detail
    elif last.type in (EventType.STARTED, EventType.SUCCEEDED):
        beats = read_heartbeats(store, name).values()
        silent = now - max([started, *(b["at"] for b in beats)])
        state = "running" if silent < SILENCE_SECONDS else "interrupted"
        reason = "" if state == "running" else f"silent for {silent:.0f} s; submit it again to continue"
    elif last.type is EventType.CANCELLED:
        reason = "submit it again to continue"
    return StepState(
        name=name,
        kind=str(artifact.spec.kind),
        recipe=artifact.spec.recipe,
        state=state,
        reason=reason,
        progress=progress,
        submitted_at=events[0].at,
        command=events[0].detail,
    )


def observe_all(store: Store, *, now: float) -> list[StepState]:
    """Every step ever submitted, oldest first."""
    states = [_observe_or_say(store, name, now) for name in Ledger(store).steps()]
    return sorted(states, key=lambda state: (state.submitted_at, state.name))


def _observe_or_say(store: Store, name: str, now: float) -> StepState:
    """One damaged step must not hide the others."""
    try:
        return observe(store, name, now=now)
    except CovidCtlError as error:
        kind = name.split("-", 1)[0]
        return StepState(name, kind, "", "damaged", f"{error.thing}: {error.reason}", Progress(0, 0), 0.0, "")
