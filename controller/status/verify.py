"""Re-hashes a step's outputs and all that it read, and sets aside what is damaged."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from controller.ledger.events import Event, EventType, Ledger
from controller.ledger.lineage import files_read, is_step_name, steps_read
from jobs.artifact import Artifact, no_such_step
from jobs.errors import PreflightError
from jobs.given_file import is_intact
from jobs.parallel import in_parallel
from jobs.records import Output
from jobs.store import Store

READERS = 8


@dataclass(frozen=True)
class Problem:
    """Programs read it as JSON: fields may be added, and keep their names and meaning."""

    path: str
    """The object."""
    reason: str
    shard: int | None = None
    """The shard, of a step that is not complete, whose record lists it."""


@dataclass(frozen=True)
class Verified:
    """What was found of one step, or of a file that was given."""

    name: str
    complete: bool
    files: int
    bytes: int
    problems: tuple[Problem, ...]
    edition: int = 0
    """0 for what is no step's."""
    events: int = 0
    """In the step's ledger when it was looked at."""


def verify(store: Store, name: str) -> Iterator[Verified]:
    """The step's inputs, directly and through others, then itself; each once.

    Reads every byte of them. Raises ``ConfigurationError`` when there is no such step.
    """
    if not is_step_name(name):
        raise no_such_step(store, name)
    yield from _verify(store, name, set())


def _verify(store: Store, name: str, seen: set[str]) -> Iterator[Verified]:
    seen.add(name)
    events = len(Ledger(store).events(name))
    artifact = Artifact.open(store, name)
    for read in steps_read(artifact.spec):
        if read not in seen:
            yield from _verify(store, read, seen)
    for file in files_read(artifact.spec):
        if file not in seen:
            seen.add(file)
            yield _file(store, file)
    yield _step(artifact, events)


def _step(artifact: Artifact, events: int) -> Verified:
    manifest = artifact.manifest()
    listed: list[tuple[int | None, Output]] = []
    if manifest:
        listed = [(None, output) for output in manifest.outputs]
    else:
        records = filter(None, map(artifact.record, artifact.shards_done()))
        listed = [(record.shard, output) for record in records for output in record.outputs]

    def check(entry: tuple[int | None, Output]) -> Problem | None:
        shard, output = entry
        reason = artifact.what_is_wrong_with(output)
        return Problem(artifact.object_path(output), reason, shard) if reason else None

    problems = tuple(filter(None, in_parallel(check, listed, READERS)))
    size = sum(output.size for _, output in listed)
    return Verified(artifact.name, manifest is not None, len(listed), size, problems, artifact.edition, events)


def _file(store: Store, path: str) -> Verified:
    data = store.find(path)
    if data is None:
        return Verified(path, True, 1, 0, (Problem(path, "it is gone"),))
    problem = () if is_intact(path, data) else (Problem(path, "its bytes have another SHA-256 than its name says"),)
    return Verified(path, True, 1, len(data), problem)


def set_aside(store: Store, found: Verified, *, clock: Callable[[], float] = time.time) -> str:
    """Make what is damaged count no more, so that a submission makes it again; says what was done.

    Of a complete step that is the whole edition, of an unfinished one the shards. ``gc`` deletes what is left of it.
    Raises ``PreflightError`` when something happened to the step since it was looked at.
    """
    if not found.edition:
        store.delete(found.name)
        return "deleted"
    artifact = Artifact.open(store, found.name)
    if not found.complete:
        shards = sorted({problem.shard for problem in found.problems if problem.shard is not None})
        for shard in shards:
            artifact.withdraw(shard)
        return f"{len(shards)} shard{'s' * (len(shards) != 1)} will be made again"
    why = f"damaged: {found.problems[0].path.rpartition('/')[2]}: {found.problems[0].reason}"
    event = Event(EventType.COLLECTED, clock(), why, found.edition)
    if not Ledger(store).extend(found.name, found.events, event):
        raise PreflightError(found.name, "something happened to it meanwhile", f"covid-ctl verify {found.name}")
    artifact.remove_edition(found.edition, why)
    return "set aside: it will be made again"
