"""Derives what a step is now from its events, artifact, heartbeats and Job. Nothing of it is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePath

from controller.bucket.cached_store import READERS
from controller.clusters.interface import JobStatus
from controller.kinds.registry import KINDS
from controller.ledger.events import Event, EventType, Ledger, Observed
from controller.ledger.label import label_of
from controller.ledger.lineage import is_step_name, steps_read
from controller.status.derive import (
    Reachability,
    State,
    StateInputs,
    derive_state,
    is_alive,
    last_observed,
    last_of_life,
)
from jobs.artifact import Artifact, Manifest, incomplete, no_such_step
from jobs.errors import CovidCtlError
from jobs.parallel import in_parallel
from jobs.progress import Beat, read_heartbeats
from jobs.spec import EXTENDS
from jobs.store import Store


@dataclass(frozen=True)
class StepProgress:
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
    doing: str = ""
    """What a worker is busy with while nothing can be counted, as the tracing of a graph."""


@dataclass(frozen=True)
class StepState:
    """Programs read it as JSON: fields may be added, and keep their names and meaning."""

    name: str
    kind: str
    recipe: str
    state: State
    reason: str
    """Why it is in that state; empty when it is complete, or running with nothing amiss."""
    progress: StepProgress
    submitted_at: float
    command: str
    """The command that submitted it."""
    remedy: str = ""
    """What a person can do about it; empty when time alone will mend it."""
    active: int = 0
    """Pods, as their Job counts them; without a Job, the shards with a recent heartbeat."""
    failed: int = 0
    """Shards that will not be tried again."""
    retries: int = 0
    preempted: int = 0
    """Pods that were taken away; they do not count as retries."""
    checkpoint: int | None = None
    """Training step of the newest checkpoint."""
    last_heartbeat_at: float | None = None
    """Time of the last heartbeat, in seconds since 1970."""
    missing: tuple[str, ...] = ()
    """The steps it reads that are not complete."""
    events: int = 0
    """Number of its events in the ledger."""
    summary: str = ""
    """What it made, once it is complete."""
    took_seconds: float | None = None
    """From its last start to its end, or to now while it runs; None if that is not known."""
    extends: str = ""
    """The finished step that it continues."""
    label: str = ""
    """What people call it."""


@dataclass(frozen=True)
class ClusterView:
    """The cluster's view of the Jobs; empty for steps that run as processes."""

    reachability: Reachability = Reachability.NONE
    jobs: Mapping[str, JobStatus] = field(default_factory=dict)
    """The Jobs' statuses by step name."""
    unreachable: str = ""
    """Why the cluster could not be asked."""
    clock_ahead: float = 0.0
    """Seconds that the cluster's clock, by which workers write times, is ahead of this machine's."""


def observe_progress(artifact: Artifact, since: float, now: float) -> StepProgress:
    """A step's progress by its shard records and the heartbeats written after ``since`` (epoch seconds)."""
    beats = _beats(artifact, since)
    return _progress(artifact.spec.shards, set(artifact.shards_done()), beats, beats.keys(), now - since)


def observe(store: Store, name: str, *, now: float, view: ClusterView | None = None) -> StepState:
    """One step. Raises ``ConfigurationError`` when none of that name was ever submitted."""
    # The ledger first: a step that ends meanwhile has its manifest by then.
    events = Ledger(store).events(name) if is_step_name(name) else []
    if not events:
        raise no_such_step(store, name)
    artifact = Artifact.open(store, name)
    manifest = artifact.manifest()
    complete = manifest is not None
    since = _started_at(events)
    beats = {} if complete else _beats(artifact, since)
    done = set(range(artifact.spec.shards) if complete else artifact.shards_done())
    view = view or ClusterView()
    inputs = StateInputs(
        complete=complete,
        events=events,
        last_heartbeat_at=max((beat.at for beat in beats.values()), default=None),
        missing=() if complete else incomplete(store, steps_read(artifact.spec)),
        reachability=view.reachability,
        job=view.jobs.get(name),
    )
    derived = derive_state(inputs, now)
    alive = {shard for shard, beat in beats.items() if shard not in done and is_alive(beat.at, now)}
    progress = _progress(artifact.spec.shards, done, beats, alive, now - since)
    known = last_observed(events)
    counts = inputs.job or (known[0] if known else Observed(""))
    return StepState(
        name=name,
        kind=str(artifact.spec.kind),
        recipe=artifact.spec.recipe,
        state=derived.state,
        reason=derived.reason,
        progress=progress
        if derived.state is State.RUNNING
        else replace(progress, rate=0.0, eta_seconds=None, doing=""),
        submitted_at=events[0].at,
        command=events[0].detail,
        remedy=derived.remedy,
        active=inputs.job.active if inputs.job else len(alive),
        failed=counts.failed,
        retries=counts.retries,
        preempted=max(counts.preempted, known[0].preempted if known else 0),
        checkpoint=_newest_checkpoint(artifact),
        last_heartbeat_at=inputs.last_heartbeat_at,
        missing=inputs.missing,
        events=len(events),
        summary=summary(manifest) if manifest else "",
        took_seconds=_took(events, derived.state, now),
        extends=artifact.spec.inputs.get(EXTENDS, ""),
        label=label_of(events),
    )


def observe_all(
    store: Store, names: Iterable[str] | None = None, *, now: float, view: ClusterView | None = None
) -> list[StepState]:
    """The named steps, or every step ever submitted, oldest first."""
    names = Ledger(store).steps() if names is None else names
    observed = in_parallel(partial(observe_or_say, store, now=now, view=view), names, READERS)
    return in_order(observed)


def summary(manifest: Manifest) -> str:
    """What a complete step made, in a few words."""
    try:
        return KINDS[manifest.spec.kind].summary(manifest)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
        # What a step counts and finds is its own affair: a manifest may be whole and lack what is summed up here.
        return "its manifest has not the counts or facts of its kind: covid-ctl verify"


def in_order(states: Iterable[StepState]) -> list[StepState]:
    """Sorted by submission, the oldest first."""
    return sorted(states, key=lambda state: (state.submitted_at, state.name))


def observe_or_say(store: Store, name: str, *, now: float, view: ClusterView | None = None) -> StepState:
    """The step's state; for one that cannot be read, a state that says so, since it must not hide the others."""
    try:
        return observe(store, name, now=now, view=view)
    except CovidCtlError as error:
        kind = name.split("-", 1)[0]
        reason = f"{error.thing}: {error.reason}"
        return StepState(name, kind, "", State.DAMAGED, reason, StepProgress(0, 0), 0.0, "", error.remedy)


def _took(events: Sequence[Event], state: State, now: float) -> float | None:
    started = max((event.at for event in events if event.type is EventType.STARTED), default=None)
    ended = now if state is State.RUNNING else last_of_life(events).at
    return ended - started if started is not None and ended > started else None


def _started_at(events: Sequence[Event]) -> float:
    return max((event.at for event in events if event.type is EventType.STARTED), default=events[0].at)


def _beats(artifact: Artifact, since: float) -> dict[int, Beat]:
    return {k: b for k, b in read_heartbeats(artifact.store, artifact.name).items() if b.at >= since}


def _progress(
    shards: int, done: Collection[int], beats: Mapping[int, Beat], alive: Collection[int], elapsed: float
) -> StepProgress:
    """``alive`` are the shards whose workers are at work; ``elapsed`` seconds ago the step was started.

    One shard knows its own rate. Of many, workers' rates would leave out how long a pod takes to start: what was done
    since the start tells how long the rest takes.
    """
    at_work = [beat for shard, beat in beats.items() if shard in alive and shard not in done]
    made, total = sum(b.done for b in beats.values()), sum(b.total for b in beats.values())
    rate, eta = 0.0, None
    if shards == 1:
        rate = sum(beat.rate for beat in at_work)
        eta = (total - made) / rate if rate > 0 else None
    elif at_work and elapsed > 0:
        partly = sum(beat.done / beat.total for beat in at_work if beat.total)
        since_start = len(beats.keys() & set(done)) + partly
        rate = made / elapsed
        eta = (shards - len(done) - partly) * elapsed / since_start if since_start else None
    return StepProgress(
        shards_done=len(done),
        shards=shards,
        done=made,
        total=total,
        unit=next((b.unit for b in beats.values()), ""),
        rate=rate,
        loss=next((b.loss for b in at_work if b.loss is not None), None),
        eta_seconds=eta,
        doing=next((b.doing for b in at_work if b.doing), ""),
    )


def _newest_checkpoint(artifact: Artifact) -> int | None:
    """A checkpoint is there once its record is, which is written after it."""
    saves = KINDS[artifact.spec.kind].saves
    if not saves:
        return None
    names = (PurePath(found.path) for found in artifact.store.objects(artifact.path(saves)))
    return max((int(name.stem) for name in names if name.suffix == ".json" and name.stem.isdecimal()), default=None)
