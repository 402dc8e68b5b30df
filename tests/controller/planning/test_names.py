"""Names of steps, recorded: whoever changes one lets finished work be done again."""

from collections.abc import Mapping

import pytest

import jobs.spec
from controller.planning.plan import Source
from jobs.recipe import load_recipe
from jobs.spec import Kind
from tests.controller.steps import Given, planned

VOCABULARY = {"clinical": f"vocabularies/{'ab' * 32}.txt", "bio": f"vocabularies/{'cd' * 32}.txt"}
FILTERED = {
    "corpus.licenses": "[cc-by]",
    "corpus.published_from": "2020-03",
    "corpus.clean_text": "true",
    "corpus.languages": "[en, de]",
}
BEYOND = {
    "schedule.masking": "dynamic",
    "schedule.accumulation": "2",
    "schedule.early_stop_evaluations": "2",
    "vocabulary.learn": "300",
}

NAMES: dict[str, tuple[str, Mapping[str, str], str, str]] = {
    "tiny": (
        "tiny",
        {},
        "",
        "ingest-f36e7e5e signatures-be968ddb vocabulary-fbee6fad "
        "preprocess-34c8ab4a pretrain-tiny-0ef4bed6 export-tiny-45d26aae",
    ),
    "tiny afresh": (
        "tiny",
        {},
        "20260101T000000",
        "ingest-c107f7d4 signatures-52227041 vocabulary-37909b6a "
        "preprocess-8a7502fd pretrain-tiny-d6a3aa6e export-tiny-f27a7aae",
    ),
    "clinical": (
        "clinical",
        {},
        "",
        "ingest-62d3e954 signatures-dd583a8a preprocess-45c784a9 "
        "checkpoint-1b7e51a3 pretrain-clinical-0d3eec58 export-clinical-e022d215",
    ),
    "bio": (
        "bio",
        {},
        "",
        "ingest-62d3e954 signatures-dd583a8a preprocess-5df2c4d9 "
        "checkpoint-75eb544a pretrain-bio-caf8403a export-bio-68ea18b9",
    ),
    "bio from scratch": (
        "bio",
        {"initial_checkpoint": "null"},
        "",
        "ingest-62d3e954 signatures-dd583a8a preprocess-5df2c4d9 pretrain-bio-72da6c40 export-bio-d40f2a35",
    ),
    "clinical, filtered": (
        "clinical",
        FILTERED,
        "",
        "ingest-62d3e954 signatures-0724adc4 preprocess-88183771 "
        "checkpoint-1b7e51a3 pretrain-clinical-8e2baf4f export-clinical-d40efffe",
    ),
    "tiny, beyond the recipe": (
        "tiny",
        BEYOND,
        "",
        "ingest-f36e7e5e signatures-be968ddb vocabulary-1b1fbf95 "
        "preprocess-35affe8a pretrain-tiny-3a214e76 export-tiny-b4189e7e",
    ),
}
"""By case: recipe, overrides, salt, and the names from ingest to export. All are hashed as version 1: a raised version
is meant to make new names, and changes none of these."""


@pytest.mark.parametrize("case", NAMES)
def test_a_step_has_the_name_that_it_always_had(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, overrides, salt, expected = NAMES[case]
    monkeypatch.setattr(jobs.spec, "VERSIONS", dict.fromkeys(Kind, 1))
    given = Given(
        Source("/x", "f00d"), Source("/y", "beef"), {"vocabulary": VOCABULARY[name]} if name in VOCABULARY else {}
    )
    recipe = load_recipe(name, dict(overrides))
    steps = planned(Kind.EXPORT, recipe=recipe, given=given, shards=4, salt=salt)
    assert [step.name for step in steps] == expected.split()
