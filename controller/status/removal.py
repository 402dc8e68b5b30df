"""The bucket's holdings as ``controller.status.gc`` judges them, and the removal of what it found."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import PurePosixPath

from controller.ledger.events import Event, EventType, Ledger
from controller.status.derive import State
from controller.status.gc import Holding, Removal
from controller.status.step_status import READERS, StepState
from jobs.artifact import Artifact
from jobs.errors import CovidCtlError
from jobs.layout import VOCABULARIES
from jobs.store import ObjectInfo, Store


def holdings(store: Store, states: Sequence[StepState]) -> tuple[list[Holding], list[ObjectInfo]]:
    """What each step holds, and the vocabularies that were given. Lists the bucket once."""
    objects: dict[str, list[ObjectInfo]] = defaultdict(list)
    for info in store.objects():
        objects[PurePosixPath(info.path).parts[0]].append(info)
    with ThreadPoolExecutor(READERS) as readers:
        found = readers.map(lambda state: _holding(store, state, objects[state.name]), states)
        return list(found), objects[VOCABULARIES]


def _holding(store: Store, state: StepState, objects: Sequence[ObjectInfo]) -> Holding:
    newest = max((info.modified for info in objects), default=0.0)
    spec, outputs = None, frozenset[str]()
    events: list[Event] = []
    try:
        events = Ledger(store).events(state.name)
        artifact = Artifact.open(store, state.name)
        spec = artifact.spec
        if state.state is State.COMPLETE and (manifest := artifact.manifest()):
            outputs = frozenset(artifact.path(output.path) for output in manifest.outputs)
    except CovidCtlError:
        spec = None  # nothing is known for certain, so nothing is decided
    finished = [event.at for event in events if event.type is EventType.SUCCEEDED]
    return Holding(
        name=state.name,
        state=state.state,
        spec=spec,
        touched_at=max([newest, *(event.at for event in events)]),
        finished_at=max(finished, default=state.submitted_at),
        objects=objects,
        outputs=outputs,
        events=len(events),
    )


def remove(store: Store, removal: Removal, *, clock: Callable[[], float] = time.time) -> bool:
    """Remove it, unless something has happened to the step since it was judged; says whether it did.

    The ledger is told first: what is found half removed is then known to be so.
    """
    if removal.whole:
        event = Event(EventType.COLLECTED, clock(), removal.why)
        if not Ledger(store).extend(removal.name, removal.events, event):
            return False
    for path in removal.paths:
        store.delete(path)
    return True
