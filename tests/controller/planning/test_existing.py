"""Which finished and awaited steps a plan builds on: those that the recipe would make."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controller.ledger.complete_steps import Found, newest_complete
from controller.ledger.events import Event, EventType, Ledger
from controller.planning.existing import Fitting, known_as, newest_under_way
from controller.planning.plan import Step
from jobs.artifact import Artifact
from jobs.errors import StoreError
from jobs.layout import MANIFEST, SPEC
from jobs.named_vocabulary import give_vocabulary
from jobs.recipe import load_recipe
from jobs.spec import Kind, Spec
from jobs.store import Store
from tests.controller.steps import Given, complete, planned
from tests.gcs_server import Fault, GcsServer


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "bucket"))


def made(store: Store, overrides: Mapping[str, str] | None = None, *, at: float, **options: Any) -> list[Step]:
    """Every step of tiny up to training, complete."""
    steps = planned(Kind.PRETRAIN, recipe=load_recipe("tiny", dict(overrides or {})), **options)
    finish(store, steps, at)
    return steps


def finish(store: Store, steps: list[Step], at: float) -> None:
    for step in steps:
        complete(store, step)
        Ledger(store).append(step.name, Event(EventType.SUBMITTED, at - 1, step.command))
        Ledger(store).append(step.name, Event(EventType.SUCCEEDED, at))


def as_before(step: Step, *, log_every: int = 10, checkpoint_every: int = 100) -> Step:
    """The step as it was named when these settings were among those that name it."""
    schedule = {**step.spec.settings["schedule"], "log_every": log_every, "checkpoint_every": checkpoint_every}
    return replace(step, spec=replace(step.spec, settings={**step.spec.settings, "schedule": schedule}))


def fitting(
    store: Store, overrides: Mapping[str, str] | None = None, *, recipe: str = "tiny"
) -> Callable[[Spec], bool]:
    return Fitting(store, load_recipe(recipe, dict(overrides or {})), strict=bool(overrides)).fits


def newest(store: Store, kind: Kind, overrides: Mapping[str, str] | None = None) -> str | None:
    found = newest_complete(store, kind, fitting(store, overrides))
    return found.name if found else None


@pytest.mark.parametrize(
    ("changed", "fits"),
    [
        ({}, True),
        ({"corpus.clean_text": "true"}, True),
        ({"schedule.train_steps": "600"}, True),
        ({"examples.dupe_factor": "3"}, False),
        ({"corpus.validation_share": "0.2"}, False),
        ({"corpus.languages": "[de]"}, False),
        ({"vocabulary.learn": "300"}, False),
    ],
    ids=str,
)
def test_examples_fit_by_the_settings_of_all_that_they_come_from(
    changed: Mapping[str, str], fits: bool, store: Store
) -> None:
    examples = made(store, changed, at=1.0)[-2]
    assert newest(store, Kind.PREPROCESS) == (examples.name if fits else None)


def test_of_any_corpus_and_any_number_of_shards_the_newest_is_taken(store: Store) -> None:
    older = made(store, at=2.0, shards=4)
    made(store, at=1.0)
    assert newest(store, Kind.PREPROCESS) == older[-2].name


def test_a_damaged_step_is_passed_over(store: Store) -> None:
    sound = made(store, at=1.0)[-2]
    damaged = made(store, at=2.0, shards=4)
    store.put(f"{damaged[-2].name}/{MANIFEST}", b"{")
    assert newest(store, Kind.PREPROCESS) == sound.name
    # What it reads is damaged: nobody knows what it is made of.
    made(store, at=3.0, shards=8)
    store.put(f"{planned(shards=8)[0].name}/{SPEC}", b"{")
    assert newest(store, Kind.PREPROCESS) == sound.name


def test_a_bucket_that_refuses_to_answer_is_not_one_without_steps(gcs: GcsServer) -> None:
    store = Store("gs://tests/run")
    made(store, at=1.0)
    gcs.fail(Fault(403, method="GET", path=MANIFEST))
    with pytest.raises(StoreError, match="permission denied"):
        newest(store, Kind.PREPROCESS)


VOCABULARY = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\n"


@pytest.mark.parametrize(("size", "fits"), [("6", True), ("7", False)])
def test_a_given_vocabulary_fits_by_its_size(size: str, fits: bool, store: Store) -> None:
    path = give_vocabulary(store, VOCABULARY)
    steps = planned(given=Given(values={"vocabulary": path}))
    finish(store, steps, 1.0)
    published = {"vocabulary": f"{{cased: true, size: {size}, source: somewhere}}"}
    assert bool(newest(store, Kind.PREPROCESS, published)) is fits
    assert newest(store, Kind.PREPROCESS) == steps[-1].name


def test_weights_fit_a_recipe_whatever_their_examples_unless_settings_are_overridden(store: Store) -> None:
    trained = made(store, {"examples.dupe_factor": "3"}, at=1.0)[-1]
    assert newest(store, Kind.PRETRAIN) == trained.name
    assert newest(store, Kind.PRETRAIN, {"examples.dupe_factor": "3"}) == trained.name
    assert newest(store, Kind.PRETRAIN, {"examples.dupe_factor": "4"}) is None


@pytest.mark.parametrize("log_every", [10, 500])
def test_training_of_before_fits_whatever_its_name_holds(log_every: int, store: Store) -> None:
    *data, trained = planned(Kind.PRETRAIN)
    before = as_before(trained, log_every=log_every)
    assert before.name != trained.name
    finish(store, [*data, before], 1.0)
    assert newest(store, Kind.PRETRAIN) == before.name


def test_work_that_the_bucket_has_under_an_earlier_name_keeps_it(store: Store) -> None:
    *_, trained = planned(Kind.PRETRAIN)
    other = planned(Kind.PRETRAIN, recipe=load_recipe("tiny", {"schedule.train_steps": "600"}))[-1]
    assert known_as(store, trained.spec) == trained.spec
    before = as_before(trained, checkpoint_every=7)
    complete(store, before)
    Ledger(store).append(before.name, Event(EventType.SUBMITTED, 1.0))
    assert known_as(store, trained.spec).name == before.name
    assert known_as(store, other.spec) == other.spec
    complete(store, trained)  # its own name goes before an earlier one
    assert known_as(store, trained.spec) == trained.spec


def test_what_is_under_way_and_fits_is_awaited(store: Store) -> None:
    *_, examples, trained = planned(Kind.PRETRAIN)
    for step in (*planned(), trained):
        Artifact(store, step.spec).submit()
        Ledger(store).append(step.name, Event(EventType.SUBMITTED, 1.0))
    assert newest_under_way(store, Kind.PREPROCESS, fitting(store)) == Found(1.0, examples.name)
    assert newest_under_way(store, Kind.PRETRAIN, fitting(store)) == Found(1.0, trained.name)
    assert newest_under_way(store, Kind.PRETRAIN, fitting(store, recipe="clinical")) is None
    Ledger(store).append(trained.name, Event(EventType.FAILED, 2.0))
    assert newest_under_way(store, Kind.PRETRAIN, fitting(store)) is None
