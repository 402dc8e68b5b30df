"""Examples that a recipe cannot be trained on are refused when training is submitted, not on the TPU node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from controller.kinds.declaration import FromStep
from controller.kinds.registry import KINDS
from jobs.artifact import Manifest
from jobs.recipe import load_recipe, settings_of
from jobs.spec import Kind, Spec

(EXAMPLES,) = (need for need in KINDS[Kind.PRETRAIN].inputs if isinstance(need, FromStep) and need.chosen_by)


def told(overrides: Mapping[str, str], *, facts: dict[str, Any] | None = None, held_out: int = 5) -> str:
    """What is said of the examples of tiny to somebody who trains tiny with other settings on them."""
    spec = Spec(Kind.PREPROCESS, settings_of(Kind.PREPROCESS, load_recipe("tiny")))
    counts = {"examples": {"train": 50, "validation": held_out}}
    made = Manifest(spec.name, spec, (), counts, facts or {"vocabulary_size": 1000}, 1.0)
    return EXAMPLES.contradiction(load_recipe("tiny", dict(overrides)), spec, made)


def test_those_of_the_recipe_are_taken() -> None:
    assert told({}) == ""
    assert told({"schedule.train_steps": "70", "schedule.masking": "dynamic"}) == ""


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({"examples.max_seq_length": "64"}, "examples.max_seq_length is 64 in the recipe, 128 in the examples"),
        ({"examples.max_predictions_per_seq": "7"}, "examples.max_predictions_per_seq is 7 in the recipe"),
        ({"vocabulary.cased": "false"}, "vocabulary.cased is False in the recipe, True in the examples"),
        (
            {"vocabulary": "{cased: true, size: 900}"},
            "vocabulary.size is 900 in the recipe, 1000 in the examples",
        ),
    ],
)
def test_what_contradicts_them_is_named(overrides: Mapping[str, str], said: str) -> None:
    assert said in told(overrides)


def test_an_early_end_needs_held_out_examples() -> None:
    overrides = {"schedule.early_stop_evaluations": "1"}
    assert told(overrides) == ""
    assert "needs held-out examples" in told(overrides, held_out=0)
