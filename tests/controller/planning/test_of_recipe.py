"""Finished steps that are named by their recipe: which is taken, and what is said where there is none."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from controller.cli.searching import chosen_indexes
from controller.ledger.events import Event, EventType, Ledger
from controller.planning.of_recipe import SHOWN, newest_of_recipe, step_or_newest
from controller.status.report import second_report
from jobs.errors import ConfigurationError, PreflightError
from jobs.recipe import load_recipe
from jobs.spec import Kind
from jobs.store import Store
from tests.controller.steps import complete, planned


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "bucket"))


def finished(store: Store, target: Kind, at: float, *, recipe: str = "tiny", salt: str = "") -> str:
    steps = planned(target, recipe=load_recipe(recipe), salt=salt)
    for step in steps:
        complete(store, step)
        for event in (EventType.SUBMITTED, EventType.SUCCEEDED):
            Ledger(store).append(step.name, Event(event, at, arguments=step.arguments))
    return steps[-1].name


def test_the_index_that_is_searched_and_the_other_one_may_be_named_by_recipe(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    old, new = finished(store, Kind.INDEX, 2, salt="once"), finished(store, Kind.INDEX, 3)
    assert chosen_indexes(store, None, None) == [new]
    assert chosen_indexes(store, old, "tiny") == [old, new]
    assert capsys.readouterr().err.startswith(f"against: {new}, the newest that fits recipe tiny; made of ")
    assert chosen_indexes(store, "tiny", old) == [new, old]
    with pytest.raises(click.UsageError, match=f"--against tiny: {new} is the index that is searched"):
        chosen_indexes(store, None, "tiny")


def test_a_report_is_compared_with_the_newest_of_its_kind_of_a_recipe(store: Store) -> None:
    found = finished(store, Kind.PREPROCESS, 2)
    assert second_report(store, "tiny", Kind.PREPROCESS)[0] == found
    assert second_report(store, "preprocess", Kind.PREPROCESS) == ("preprocess", "")
    assert second_report(store, "preprocess-01234567", Kind.PREPROCESS) == ("preprocess-01234567", "")
    with pytest.raises(
        PreflightError, match=f"no complete evaluate step fits it without --set; {store.location} has none"
    ):
        second_report(store, "tiny", Kind.EVALUATE)


def test_what_is_made_of_made_up_papers_is_not_taken_for_another_recipe(store: Store) -> None:
    found = finished(store, Kind.INGEST, 2, recipe="clinical")
    with pytest.raises(PreflightError, match=f"no complete ingest step fits it without --set; complete steps: {found}"):
        newest_of_recipe(store, "clinical", [Kind.INGEST])


@pytest.mark.parametrize("word", ["tini", "index_tiny", "../tiny", ""])
def test_a_word_that_is_neither_step_nor_recipe_is_answered_with_what_there_is(store: Store, word: str) -> None:
    for salt in range(SHOWN + 2):
        finished(store, Kind.VOCABULARY, 1, salt=str(salt))
    with pytest.raises(ConfigurationError) as refused:
        step_or_newest(store, "--index", word, [Kind.VOCABULARY])
    assert refused.value.thing == f"--index {word}"
    assert "recipes: bio, clinical, minilm, pubmed, tiny; complete steps: vocabulary-" in refused.value.reason
    assert " and 2 more)" in refused.value.reason
