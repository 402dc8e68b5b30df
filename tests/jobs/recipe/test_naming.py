"""The table of which field names which step: complete, without doubles, and true."""

from collections import Counter

import pytest

from jobs.field_problems import section_in
from jobs.recipe import Recipe, load_recipe, runtime_settings, settings_of
from jobs.recipe.naming import NAMELESS, NAMING, RUNTIME, decisive, without
from jobs.spec import Kind
from jobs.validation import Section
from jobs.weights.architecture import FIELDS

RECIPES = [load_recipe(name) for name in ("tiny", "clinical", "bio", "pubmed", "minilm")]


def fields(section: type[Section] = Recipe, prefix: str = "") -> list[str]:
    """Every field of the schema by its dotted name."""
    found = []
    for name, field in section.model_fields.items():
        inner = section_in(field.annotation)
        found += fields(inner, f"{prefix}{name}.") if inner else [f"{prefix}{name}"]  # type: ignore[arg-type]
    return found


def test_every_field_is_in_the_table_once_or_names_nothing() -> None:
    listed = Counter([*(field for row in NAMING for field in row.dotted), *NAMELESS])
    assert listed == Counter(fields())


CHANGES = {
    "corpus.validation_share": "0.2",
    "corpus.languages": "[de]",
    "corpus.published_until": "2020",
    "corpus.sections": "[title]",
    "corpus.clean_text": "true",
    "vocabulary.learn": "300",
    "examples.dupe_factor": "3",
    "examples.max_seq_length": "64",
    "architecture.hidden_dropout_prob": "0.2",
    "architecture.intermediate_size": "256",
    "schedule.train_steps": "600",
    "schedule.masking": "dynamic",
    "schedule.log_every": "7",
    "schedule.checkpoint_every": "7",
    "schedule.max_hours": "7",
    "embedder.max_dollars": "7",
    "publication.title": "Other",
    "description": "Other",
}


@pytest.mark.parametrize("field", CHANGES)
def test_a_field_changes_the_settings_of_the_kinds_that_its_row_names_and_no_other(field: str) -> None:
    before, after = load_recipe("tiny"), load_recipe("tiny", {field: CHANGES[field]})
    changed = {kind for kind in Kind if settings_of(kind, before) != settings_of(kind, after)}
    # Without a checkpoint to start from no step reads what the checkpoint step is named by.
    named = {kind for row in NAMING if field in row.dotted for kind in row.settings}
    assert changed == named


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_runtime_settings_are_told_to_training_alone(recipe: Recipe) -> None:
    told = {kind: runtime_settings(kind, recipe) for kind in Kind}
    assert {kind for kind, settings in told.items() if settings} == {Kind.PRETRAIN}
    assert told[Kind.PRETRAIN] == {
        "checkpoint_every": str(recipe.schedule.checkpoint_every),
        "log_every": str(recipe.schedule.log_every),
    }


@pytest.mark.parametrize("field", RUNTIME)
def test_each_runtime_setting_is_told_where_it_is_set(field: str) -> None:
    recipe = load_recipe("tiny", {field: "7"})
    told = {kind for kind in Kind if float(runtime_settings(kind, recipe).get(field.partition(".")[2], 0)) == 7}
    assert told == set(RUNTIME[field])


def test_weights_are_checked_for_what_names_them() -> None:
    assert set(settings_of(Kind.CHECKPOINT, load_recipe("bio"))["architecture"]) == set(FIELDS)


def test_settings_that_older_specs_held_are_left_aside() -> None:
    now = settings_of(Kind.PRETRAIN, load_recipe("tiny"))
    before = {**now, "schedule": {**now["schedule"], "log_every": 10, "checkpoint_every": 100}}
    assert decisive(before) == decisive(now) == now
    assert without({"a": 1, "b": {"c": 2, "d": 3}}, ["a", "b.c", "x.y", "z"]) == {"b": {"d": 3}}
