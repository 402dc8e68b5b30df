"""The newest: one rule says what is taken and what ``gc`` removes, whatever the ledger missed."""

from __future__ import annotations

import os
from itertools import permutations
from pathlib import Path

import pytest

from controller.ledger.complete_steps import newest_complete
from controller.ledger.events import Event, EventType, Ledger
from controller.planning.existing import Fitting
from controller.planning.plan import Step
from controller.status.gc import plan_gc
from controller.status.removal import holdings
from controller.status.step_status import observe_all
from jobs.artifact import Artifact
from jobs.layout import MANIFEST
from jobs.recipe import load_recipe
from jobs.spec import Kind
from jobs.store import Store
from tests.controller.steps import complete, planned

SUBMITTED, STARTED, SUCCEEDED, COLLECTED, OBSERVED = (
    EventType.SUBMITTED, EventType.STARTED, EventType.SUCCEEDED, EventType.COLLECTED, EventType.OBSERVED,
)  # fmt: skip

LIVES: dict[str, tuple[list[tuple[EventType, float]], float, float]] = {
    "noted at once": ([(SUBMITTED, 1), (SUCCEEDED, 10)], 9.9, 10),
    "noted late, by the next tracker": ([(SUBMITTED, 1), (SUCCEEDED, 50)], 12, 50),
    "killed between manifest and ledger": ([(SUBMITTED, 1), (STARTED, 2)], 20, 20),
    "made again, and killed there": (
        [(SUBMITTED, 1), (SUCCEEDED, 3), (COLLECTED, 4), (SUBMITTED, 5), (STARTED, 6)], 30, 30,
    ),
    "copied with its bucket": ([(SUBMITTED, 1), (SUCCEEDED, 8), (OBSERVED, 9)], 99, 8),
}  # fmt: skip
"""The ledger, when the manifest was written, and when the step counts as finished."""


def made(store: Store, life: str, salt: str) -> Step:
    step = planned(recipe=load_recipe("tiny"), salt=salt)[-1]
    events, manifest, _ = LIVES[life]
    complete(store, step)
    for kind, at in events:
        Ledger(store).append(step.name, Event(kind, float(at), "{}" if kind is OBSERVED else ""))
    os.utime(Path(store.location, Artifact(store, step.spec).path(MANIFEST)), (manifest, manifest))
    return step


@pytest.mark.parametrize(("one", "other"), list(permutations(LIVES, 2)))
def test_what_is_taken_is_what_gc_keeps(one: str, other: str, tmp_path: Path) -> None:
    store = Store(str(tmp_path / "bucket"))
    # The same request, afresh each time.
    by_life = {life: made(store, life, salt) for life, salt in ((one, "1"), (other, "2"))}
    for step in planned(recipe=load_recipe("tiny"), salt="1")[:-1] + planned(recipe=load_recipe("tiny"), salt="2")[:-1]:
        Artifact(store, step.spec).submit()
        Ledger(store).append(step.name, Event(SUBMITTED, 0.0))
    expected = by_life[max(by_life, key=lambda life: LIVES[life][2])]
    taken = newest_complete(store, Kind.PREPROCESS, Fitting(store, load_recipe("tiny")).fits)
    assert taken
    assert taken.name == expected.name
    held = holdings(store, observe_all(store, now=1e3))
    removals = plan_gc(held.steps, held.given, held.temporary, now=4e9, older_than=1.0).removals
    (gone,) = [removal for removal in removals if removal.whole and removal.name.startswith("preprocess-")]
    assert gone.why == f"superseded by {expected.name}"
