"""Options that pick steps to look at. Given twice, an option picks the steps that have either value."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from controller.cli.completing import complete_recipe
from controller.cli.grammar import OneOf

if TYPE_CHECKING:
    from controller.status.step_filter import StepFilter, Traits
    from controller.status.step_status import StepState


def _states() -> Sequence[str]:
    from controller.status.derive import State

    return list(State)


def _kinds() -> Sequence[str]:
    from jobs.spec import Kind

    return list(Kind)


_option = partial(click.option, multiple=True)

state_option = _option(
    "--state",
    "states",
    metavar="STATE",
    type=OneOf(_states),
    help="Only steps in this state, such as failed. May be repeated.",
)
kind_option = _option(
    "--kind",
    "kinds",
    metavar="KIND",
    type=OneOf(_kinds),
    help="Only steps of this kind, such as pretrain. May be repeated.",
)
recipe_option = _option(
    "--recipe",
    "recipes",
    metavar="NAME",
    shell_complete=complete_recipe,
    help="Only steps that have this recipe in their name. May be repeated.",
)
label_option = _option("--label", "labels", metavar="TEXT", help="Only steps with this label. May be repeated.")


def traits_of(step: StepState) -> Traits:
    from controller.status.step_filter import Traits

    return Traits(step.kind, step.recipe, step.label, step.state)


def refuse_filters_of_one(name: str | None, wanted: StepFilter) -> None:
    """A step that is named is shown, whatever it is like."""
    if name is not None and wanted:
        raise click.UsageError("give NAME, or options that choose steps, not both")
