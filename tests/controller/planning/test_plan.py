"""Plans: what names follow from what, and what is refused before anything runs."""

from collections.abc import Mapping

import pytest

from controller.planning.plan import Source, Step, inputs_first
from jobs.errors import PreflightError
from jobs.recipe import load_recipe
from jobs.spec import Kind
from tests.controller.steps import SAMPLE, Given, planned

CASED = {"vocabulary": f"vocabularies/{'ab' * 32}.txt"}
EXAMPLES, WEIGHTS = "preprocess-01234567", "pretrain-tiny-01234567"


def preprocess(
    recipe: str = "tiny",
    corpus: Source = SAMPLE,
    values: Mapping[str, str] | None = None,
    shards: int = 2,
    salt: str = "",
    overrides: dict[str, str] | None = None,
) -> list[Step]:
    given = Given(corpus, values=values or {})
    return planned(recipe=load_recipe(recipe, overrides), given=given, shards=shards, salt=salt)


def names(steps: list[Step]) -> list[str]:
    return [step.name.rsplit("-", 1)[0] for step in steps]


def test_the_data_side_learns_a_vocabulary_only_where_none_is_given() -> None:
    assert names(preprocess()) == ["ingest", "signatures", "vocabulary", "preprocess"]
    assert names(preprocess(values=CASED)) == ["ingest", "signatures", "preprocess"]


def test_another_vocabulary_reuses_the_ingested_documents() -> None:
    learned, given = preprocess(), preprocess(values=CASED)
    assert [step.name for step in learned[:2]] == [step.name for step in given[:2]]
    assert learned[-1].name != given[-1].name


def test_where_the_corpus_lies_does_not_matter_what_it_holds_does() -> None:
    here, there = (preprocess(corpus=Source(place, "f00d"))[-1].name for place in ("/here", "gs://there"))
    assert here == there
    assert preprocess(corpus=Source("/here", "beef"))[-1].name != here


def test_the_same_command_means_the_same_names() -> None:
    assert [s.name for s in preprocess()] == [s.name for s in preprocess()]


@pytest.mark.parametrize(
    "change",
    [
        {"shards": 3},
        {"salt": "x"},
        {"overrides": {"examples.random_seed": "1"}},
        {"overrides": {"corpus.sections": "[body]"}},
        {"overrides": {"corpus.languages": "[en, de]"}},
        {"overrides": {"corpus.licenses": "[cc-by]"}},
        {"overrides": {"corpus.published_until": "2020-06-30"}},
        {"overrides": {"corpus.near_duplicate_similarity": "0.7"}},
    ],
    ids=str,
)
def test_what_matters_makes_another_name(change: dict[str, object]) -> None:
    assert preprocess(**change)[-1].name != preprocess()[-1].name  # type: ignore[arg-type]


def test_filters_and_similarity_reuse_the_documents() -> None:
    before = [step.name for step in preprocess()]
    filtered = [step.name for step in preprocess(overrides={"corpus.licenses": "[cc-by]"})]
    alike = [step.name for step in preprocess(overrides={"corpus.near_duplicate_similarity": "0.7"})]
    assert [a == b for a, b in zip(before, filtered, strict=True)] == [True, False, False, False]
    assert [a == b for a, b in zip(before, alike, strict=True)] == [True, False, False, False]


def test_a_training_setting_does_not_touch_the_examples() -> None:
    longer = preprocess(overrides={"schedule.train_steps": "999"})
    assert [s.name for s in longer] == [s.name for s in preprocess()]


def test_a_recipe_that_learns_nothing_asks_for_its_vocabulary() -> None:
    with pytest.raises(PreflightError, match="it needs its vocabulary of 28,996 entries") as caught:
        preprocess("clinical")
    assert "--vocab" in caught.value.remedy


def test_each_step_names_what_it_reads() -> None:
    ingest, signatures, vocabulary, examples, pretrain, export = planned(Kind.EXPORT)
    assert ingest.after == ()
    assert signatures.after == (ingest.name,)
    assert vocabulary.after == (ingest.name, signatures.name)
    assert examples.after == (ingest.name, signatures.name, vocabulary.name)
    assert pretrain.after == (examples.name,)
    assert export.after == (pretrain.name,)
    assert pretrain.name.startswith("pretrain-tiny-")


def test_what_is_given_is_not_planned() -> None:
    assert names(planned(Kind.PRETRAIN, given=Given(values={"examples": EXAMPLES}))) == ["pretrain-tiny"]
    (export,) = planned(Kind.EXPORT, given=Given(values={"pretrain": WEIGHTS}))
    assert export.after == (WEIGHTS,)


def checkpoint(fingerprint: str = "f00d", location: str = "/here", **overrides: str) -> Step:
    settings = {field.replace("__", "."): value for field, value in overrides.items()}
    given = Given(checkpoint=Source(location, fingerprint), values={"examples": EXAMPLES})
    return planned(Kind.PRETRAIN, recipe=load_recipe("clinical", settings), given=given)[0]


def test_a_checkpoint_is_named_by_its_content_and_how_it_is_read() -> None:
    assert checkpoint().name == checkpoint(location="gs://there").name
    # What only training or the card needs does not convert it again.
    assert checkpoint(schedule__train_steps="200000", architecture__hidden_dropout_prob="0").name == checkpoint().name
    for other in (
        checkpoint("beef"),
        checkpoint(initial_checkpoint__allow_missing="['cls/*']"),
        checkpoint(architecture__num_hidden_layers="6"),
        checkpoint(vocabulary__size="30000"),
    ):
        assert other.name != checkpoint().name


def test_training_from_a_checkpoint_is_another_training() -> None:
    given = Given(values={"examples": EXAMPLES})
    (scratch,) = planned(Kind.PRETRAIN, recipe=load_recipe("clinical", {"initial_checkpoint": "null"}), given=given)
    start, started = planned(Kind.PRETRAIN, recipe=load_recipe("clinical"), given=given)
    assert scratch.name != started.name
    assert started.after == (EXAMPLES, start.name)


def test_steps_are_ordered_inputs_first() -> None:
    steps = planned(Kind.PRETRAIN)
    assert inputs_first([steps[-1], *reversed(steps[:-1])]) == steps
    assert inputs_first([steps[-1], steps[-1]]) == [steps[-1]]


def pretrain(field: str, value: str) -> Step:
    recipe = load_recipe("tiny", {f"schedule.{field}": value})
    return planned(Kind.PRETRAIN, recipe=recipe, given=Given(values={"examples": EXAMPLES}))[0]


@pytest.mark.parametrize(
    ("field", "off", "on"),
    [
        ("masking", "static", "dynamic"),
        ("next_sentence_prediction", "true", "false"),
        ("accumulation", "1", "2"),
    ],
)
def test_a_setting_beyond_the_recipe_makes_a_name_only_where_it_is_used(field: str, off: str, on: str) -> None:
    assert field not in pretrain(field, off).spec.settings["schedule"]
    assert field in pretrain(field, on).spec.settings["schedule"]


@pytest.mark.parametrize("field", ["log_every", "checkpoint_every"])
def test_how_often_to_log_or_to_save_keeps_the_name_and_reaches_the_container(field: str) -> None:
    seldom, often = pretrain(field, "400"), pretrain(field, "2")
    assert seldom.name == often.name
    assert f"{field}=400" in seldom.arguments
    assert f"{field}=2" in often.arguments


def test_an_uncased_recipe_learns_and_makes_its_own_and_a_cased_one_keeps_its_names() -> None:
    cased, uncased = preprocess(), preprocess(overrides={"vocabulary.cased": "false"})
    assert [a.name == b.name for a, b in zip(cased, uncased, strict=True)] == [True, True, False, False]
    assert [step.spec.settings["cased"] for step in uncased[2:]] == [False, False]
    assert not any("cased" in step.spec.settings for step in cased)
