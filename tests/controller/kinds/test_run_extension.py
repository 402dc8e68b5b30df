"""Which finished runs a recipe goes on from, and what is said of the learning rate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from controller.kinds import run_extension
from controller.kinds.registry import KINDS
from controller.ledger.lineage import is_step_name
from jobs.artifact import Manifest
from jobs.recipe import load_recipe, settings_of
from jobs.spec import EXTENDS, FIRST_STEP, Kind, Spec
from tests.controller.steps import Given, planned

WSD = {"schedule.decay": "wsd"}


def finished(overrides: Mapping[str, str] | None = None, *, steps: int = 500, recipe: str = "tiny") -> Manifest:
    settings = settings_of(Kind.PRETRAIN, load_recipe(recipe, dict(overrides or {})))
    spec = Spec(Kind.PRETRAIN, settings, {"examples": "preprocess-0123abcd"}, recipe=recipe)
    return Manifest(spec.name, spec, (), {}, {"steps": steps}, 1.0)


@pytest.mark.parametrize(
    ("overrides", "before", "said"),
    [
        ({"schedule.train_steps": "600"}, finished(), ""),
        ({"schedule.train_steps": "600", "schedule.decay_steps": "900"}, finished(), ""),
        ({"schedule.train_steps": "500"}, finished(), "it has made 500 steps, 500 are no more"),
        ({"schedule.train_steps": "400"}, finished(), "it has made 500 steps, 400 are no more"),
        ({"schedule.train_steps": "600", **WSD}, finished(WSD), ""),
        ({"schedule.train_steps": "600", **WSD, "schedule.cooldown_steps": "60"}, finished(WSD), ""),
        (
            {"schedule.train_steps": "600", **WSD},
            finished(),
            "schedule.decay is as usual in it, wsd in the recipe",
        ),
        ({"schedule.train_steps": "600"}, finished(steps=250), "it ended early, with the weights of step 250 of 500"),
        ({"schedule.train_steps": "600"}, finished(recipe="clinical"), "it is of recipe clinical, not tiny"),
        (
            {"schedule.train_steps": "600"},
            finished({"schedule.learning_rate": "0.5"}),
            "schedule.learning_rate is 0.5 in it, 0.0005 in the recipe",
        ),
        (
            {"schedule.train_steps": "600", "schedule.masking": "dynamic"},
            finished(),
            "schedule.masking is as usual in it, dynamic in the recipe",
        ),
        (
            {"schedule.train_steps": "600", "examples.max_seq_length": "64"},
            finished(),
            "examples.max_seq_length is 128 in it, 64 in the recipe",
        ),
    ],
)
def test_nothing_but_the_number_of_steps_may_differ(overrides: Mapping[str, str], before: Manifest, said: str) -> None:
    told = run_extension.contradiction(load_recipe("tiny", dict(overrides)), before)
    assert said in told
    assert bool(said) == bool(told)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"schedule.train_steps": "1000"}, "at step 500 it goes from 0 to 0.00025"),
        (
            {"schedule.decay_steps": "1000"},
            {"schedule.train_steps": "1000", "schedule.decay_steps": "1000"},
            "as planned: the result is that of one undisturbed run",
        ),
        ({"schedule.decay_steps": "1000"}, {"schedule.train_steps": "1000"}, "the result is that of one undisturbed"),
        (WSD, {**WSD, "schedule.train_steps": "1000"}, "the result is that of one undisturbed run"),
        (
            WSD,
            {**WSD, "schedule.train_steps": "600", "schedule.cooldown_steps": "100"},
            "the result is that of one undisturbed run",
        ),
        (
            {**WSD, "schedule.cooldown_steps": "100"},
            {**WSD, "schedule.train_steps": "1000"},
            "had begun to fall, and at step 500 it goes from 0 to 0.0005",
        ),
        (
            {"schedule.decay_steps": "1000"},
            {"schedule.train_steps": "1000", "schedule.decay_steps": "2000"},
            "at 2,000: at step 500 it goes from 0.00025 to 0.000375",
        ),
    ],
)
def test_what_becomes_of_the_learning_rate_is_said(
    before: Mapping[str, str], after: Mapping[str, str], said: str
) -> None:
    assert said in run_extension.note(load_recipe("tiny", dict(after)), finished(before))


def test_the_spec_has_the_finished_step_and_its_name_says_how_far_it_goes() -> None:
    before = finished()
    recipe = load_recipe("tiny", {"schedule.train_steps": "750"})
    step = planned(Kind.PRETRAIN, recipe=recipe, given=Given(finished=before))[-1]
    assert step.name.startswith("pretrain-tiny-to750-")
    assert is_step_name(step.name)
    assert step.after == ("preprocess-0123abcd", before.name)
    assert step.spec.inputs == {"examples": "preprocess-0123abcd", EXTENDS: before.name}
    assert step.spec.settings[FIRST_STEP] == 500
    other = planned(Kind.PRETRAIN, recipe=recipe, given=Given(finished=finished({"schedule.seed": "7"})))[-1]
    assert other.name != step.name


def test_only_the_steps_of_its_own_cost_anything() -> None:
    whole, before = finished({"schedule.train_steps": "1000"}), finished()
    flops = KINDS[Kind.PRETRAIN].flops_of
    recipe = load_recipe("tiny", {"schedule.train_steps": "1000"})
    (step,) = planned(Kind.PRETRAIN, recipe=recipe, given=Given(finished=before))
    costs: list[Any] = [flops(spec) for spec in (step.spec, whole.spec)]
    assert 0.4 * costs[1] < costs[0] < 0.6 * costs[1]
