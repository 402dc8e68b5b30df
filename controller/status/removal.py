"""The bucket's holdings as ``controller.status.gc`` judges them, and the removal of what it found."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from controller.bucket.cached_store import READERS
from controller.ledger.events import Event, EventType, Ledger
from controller.ledger.history import finished_at
from controller.status.derive import State
from controller.status.gc import TEMPORARY, Holding, Removal
from controller.status.step_status import StepState
from jobs.artifact import Artifact
from jobs.errors import CovidCtlError
from jobs.layout import CHECKPOINTS, FILES, MANIFEST, STAGED, VOCABULARIES, current_edition, edition_folder
from jobs.parallel import in_parallel
from jobs.store import ObjectInfo, Store


@dataclass(frozen=True)
class Holdings:
    """All that the bucket holds."""

    steps: list[Holding]
    given: list[ObjectInfo]
    """Vocabularies and other files that users gave."""
    temporary: list[ObjectInfo]
    """What writers that were killed left."""


def holdings(store: Store, states: Sequence[StepState]) -> Holdings:
    """What each step holds, and what is no step's. Lists the bucket once."""
    objects: dict[str, list[ObjectInfo]] = defaultdict(list)
    for info in store.objects():
        objects[PurePosixPath(info.path).parts[0]].append(info)
    steps = in_parallel(lambda state: _holding(store, state, objects[state.name]), states, READERS)
    return Holdings(
        list(steps), [*objects[VOCABULARIES], *objects[FILES]], [*objects[STAGED], *store.temporary_files()]
    )


def _holding(store: Store, state: StepState, objects: Sequence[ObjectInfo]) -> Holding:
    newest = max((info.modified for info in objects), default=0.0)
    spec, outputs = None, frozenset[str]()
    events: list[Event] = []
    try:
        events = Ledger(store).events(state.name)
        artifact = Artifact.open(store, state.name)
        spec = artifact.spec
        if state.state is State.COMPLETE and (manifest := artifact.manifest()):
            outputs = frozenset(artifact.object_path(output) for output in manifest.outputs)
    except CovidCtlError:
        spec = None  # nothing is known for certain, so nothing is decided
    edition = current_edition(info.path.removeprefix(f"{state.name}/") for info in objects)
    manifest_path = f"{edition_folder(state.name, edition)}/{MANIFEST}"
    completed = next((info.modified for info in objects if info.path == manifest_path), 0.0)
    return Holding(
        name=state.name,
        state=state.state,
        spec=spec,
        touched_at=max([newest, *(event.at for event in events)]),
        finished_at=finished_at(events, completed),
        objects=objects,
        outputs=outputs,
        events=state.events,
        edition=edition,
    )


def remove(store: Store, removal: Removal, *, clock: Callable[[], float] = time.time) -> bool:
    """Remove it, unless something has happened to the step since it was judged; says whether it did.

    The ledger is told first, so that only one of this and a new submission goes on. Then the edition is marked: from
    that moment on nobody takes it for complete and nobody adds to it, so its objects can go at any time.
    """
    if removal.whole:
        event = Event(EventType.COLLECTED, clock(), removal.why, removal.edition)
        if not Ledger(store).extend(removal.name, removal.events, event):
            return False
        Artifact.open(store, removal.name).remove_edition(removal.edition, removal.why)
    elif removal.what == CHECKPOINTS:
        # Likewise only one of this and an extension of the run goes on.
        event = Event(EventType.CHECKPOINTS_REMOVED, clock(), removal.why)
        if not Ledger(store).extend(removal.name, removal.events, event):
            return False
    delete = store.delete_temporary if removal.what == TEMPORARY else store.delete
    for path in removal.paths:
        delete(path)
    return True
