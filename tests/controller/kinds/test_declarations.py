"""What every declaration owes to those who walk it."""

from pathlib import Path

import pytest

from controller.kinds.declaration import CORPUS, FromStep
from controller.kinds.registry import (
    KINDS,
    TARGETS,
    chosen_inputs,
    made_by,
    options_of,
    reader_of,
    targets_of,
    upstream,
)
from jobs.recipe import load_recipe
from jobs.spec import Kind

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("kind", Kind)
def test_a_kind_has_its_work_and_its_declaration_in_a_file_of_its_name(kind: Kind) -> None:
    assert KINDS[kind].kind is kind
    for folder in ("jobs/steps", "controller/kinds"):
        assert (ROOT / folder / f"{kind}.py").is_file()


@pytest.mark.parametrize("kind", Kind)
def test_what_a_kind_reads_comes_before_it(kind: Kind) -> None:
    order = list(Kind)
    for need in KINDS[kind].inputs:
        if isinstance(need, FromStep):
            assert order.index(need.kind) < order.index(kind)
    names = [need.name for need in KINDS[kind].inputs]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("kind", Kind)
def test_a_step_is_made_by_a_command_that_there_is_and_leads_there(kind: Kind) -> None:
    command = KINDS[kind].command
    assert command in TARGETS
    assert kind in upstream(command)
    assert kind in made_by(command)


@pytest.mark.parametrize("kind", Kind)
def test_an_input_that_a_recipe_may_lack_is_optional_or_can_be_given(kind: Kind) -> None:
    for need in KINDS[kind].inputs:
        if isinstance(need, FromStep) and any(
            KINDS[need.kind].why_absent(load_recipe(name)) for name in ("tiny", "clinical", "bio", "pubmed", "minilm")
        ):
            assert need.optional or need.given_by


def test_the_chain_is_this() -> None:
    model = [kind for kind in Kind if list(Kind).index(kind) <= list(Kind).index(Kind.PRETRAIN)]
    assert upstream(Kind.EXPORT) == [*model, Kind.EXPORT]
    assert set(upstream(Kind.INDEX)) == set(Kind) - {Kind.EXPORT}
    for_search = [Kind.TUNE, Kind.CONTROL, Kind.EVALUATE, Kind.INDEX]
    assert targets_of(load_recipe("tiny")) == [Kind.PREPROCESS, Kind.PRETRAIN, Kind.EXPORT, *for_search]
    assert targets_of(load_recipe("tiny", {"embedder": "null"})) == [Kind.PREPROCESS, Kind.PRETRAIN, Kind.EXPORT]
    assert set(options_of(Kind.PREPROCESS)) == {"corpus", "vocab", "shards"}
    assert set(options_of(Kind.PRETRAIN)) == {"corpus", "vocab", "shards", "examples"}
    assert [need.chosen_by for need in chosen_inputs(Kind.EXPORT)] == ["examples", "run"]
    assert [need.chosen_by for need in chosen_inputs(Kind.INDEX)] == ["examples", "run", "embedder"]
    assert set(made_by(Kind.EVALUATE)) == {Kind.CONTROL, Kind.EVALUATE}
    assert {"against", "qrels", "topics", "data"} <= set(options_of(Kind.EVALUATE))
    assert reader_of(CORPUS) is Kind.INGEST
