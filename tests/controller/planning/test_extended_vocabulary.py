"""A recipe that extends a published vocabulary: which steps it has, and which finished ones fit it."""

from __future__ import annotations

from pathlib import Path

import pytest

from controller.kinds.registry import KINDS
from controller.ledger.complete_steps import newest_complete
from controller.planning.choice import Choice
from controller.planning.command_line import CommandLine
from controller.planning.existing import Fitting
from controller.profiles.profile import load_profile
from jobs.errors import ConfigurationError, PreflightError
from jobs.named_vocabulary import give_vocabulary
from jobs.recipe import Recipe, load_recipe
from jobs.spec import Kind
from jobs.store import Store
from jobs.vocabulary import SPECIALS, Vocabulary
from tests.controller.planning.test_existing import finish
from tests.controller.steps import Given, planned

BASE = Vocabulary((*SPECIALS, "the", "virus"))
PUBLISHED = {"vocabulary.learn": "null", "vocabulary.size": str(len(BASE))}


def recipe(add: int | None) -> Recipe:
    extend = {} if add is None else {"vocabulary.extend": f"{{add: {add}}}"}
    return load_recipe("tiny", PUBLISHED | extend)


def test_the_vocabulary_is_made_of_the_documents_and_the_published_one() -> None:
    steps = planned(Kind.PRETRAIN, recipe=recipe(10), given=Given(values={"base": "vocabularies/f00d.txt"}))
    by_kind = {step.spec.kind: step.spec for step in steps}
    assert by_kind[Kind.VOCABULARY].inputs["base"] == "vocabularies/f00d.txt"
    assert by_kind[Kind.VOCABULARY].settings["extend"] == {"add": 10, "min_documents": 20}
    assert by_kind[Kind.PREPROCESS].inputs["vocabulary"] == f"{by_kind[Kind.VOCABULARY].name}/vocab.txt"
    assert by_kind[Kind.PRETRAIN].settings["extend"] == {"add": 10}


def test_names_of_other_recipes_do_not_change() -> None:
    for kind in Kind:
        if kind not in (Kind.VOCABULARY, Kind.PRETRAIN):
            assert KINDS[kind].settings(recipe(10), 2) == KINDS[kind].settings(recipe(None), 2)
    assert "extend" not in KINDS[Kind.PRETRAIN].settings(recipe(None), 2)


def choice(tmp_path: Path, chosen: Recipe, vocab: str | None) -> Choice:
    options = {"vocab": vocab, "recipe": "tiny", "corpus": "sample"}
    place = load_profile("local", environment={}, bucket=str(tmp_path))
    return Choice(chosen, CommandLine(Kind.PREPROCESS, options, {}), place, Store(str(tmp_path)))


def test_the_file_that_is_given_is_the_base_and_not_the_vocabulary(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_bytes(BASE.to_bytes())
    (vocabulary,) = (need for need in KINDS[Kind.PREPROCESS].inputs if need.name == "vocabulary")
    assert choice(tmp_path, recipe(None), str(tmp_path / "vocab.txt")).instead(vocabulary)  # type: ignore[arg-type]
    assert choice(tmp_path, recipe(10), str(tmp_path / "vocab.txt")).instead(vocabulary) is None  # type: ignore[arg-type]


def test_without_the_file_the_error_leads_to_the_command_with_it(tmp_path: Path) -> None:
    (base,) = (need for need in KINDS[Kind.VOCABULARY].inputs if need.name == "base")
    with pytest.raises(PreflightError, match=r"extends a vocabulary of 7 entries, and none was given\n.*--vocab PATH"):
        choice(tmp_path, recipe(10), None).file(base)  # type: ignore[arg-type]


@pytest.mark.parametrize("wanted", [None, 10, 20])
@pytest.mark.parametrize("made", [None, 10])
def test_examples_fit_only_the_recipe_with_the_same_extension(
    made: int | None, wanted: int | None, tmp_path: Path
) -> None:
    store = Store(str(tmp_path))
    base = give_vocabulary(store, BASE.to_bytes())
    given = Given(values={"base": base} if made else {"vocabulary": base})
    finish(store, planned(Kind.PREPROCESS, recipe=recipe(made), given=given), at=1.0)
    found = newest_complete(store, Kind.PREPROCESS, Fitting(store, recipe(wanted)).fits)
    assert bool(found) is (made == wanted)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"vocabulary.extend": "{add: 0}"}, r"vocabulary\.extend\.add"),
        ({"vocabulary.extend": "{add: 10, min_documents: 0}"}, r"vocabulary\.extend\.min_documents"),
        (
            {"vocabulary.extend": "{add: 10}", "vocabulary.size": "null", "vocabulary.learn": "300"},
            "extend needs a published",
        ),
    ],
)
def test_what_cannot_be_extended_is_refused(overrides: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        load_recipe("tiny", PUBLISHED | overrides)
