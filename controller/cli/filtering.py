"""Options that pick steps to look at. Given twice, an option picks the steps that have either value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import TYPE_CHECKING, Any

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

_STATE = _option(
    "--state",
    "states",
    metavar="STATE",
    type=OneOf(_states),
    help="Only steps in this state, such as failed. May be repeated.",
)
_KIND = _option(
    "--kind",
    "kinds",
    metavar="KIND",
    type=OneOf(_kinds),
    help="Only steps of this kind, such as pretrain. May be repeated.",
)
_RECIPE = _option(
    "--recipe",
    "recipes",
    metavar="NAME",
    shell_complete=complete_recipe,
    help="Only steps that have this recipe in their name. May be repeated.",
)
_LABEL = _option("--label", "labels", metavar="TEXT", help="Only steps with this label. May be repeated.")


def artifact_filter(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --kind, --recipe and --label, as ``wanted``: a ``StepFilter``."""

    @wraps(command)
    def filtered(
        *arguments: object,
        kinds: tuple[str, ...],
        recipes: tuple[str, ...],
        labels: tuple[str, ...],
        states: tuple[str, ...] = (),
        **options: object,
    ) -> Any:
        from controller.status.step_filter import StepFilter

        return command(*arguments, wanted=StepFilter(states, kinds, recipes, labels), **options)

    return _KIND(_RECIPE(_LABEL(filtered)))


def step_filter(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command --state, --kind, --recipe and --label, as ``wanted``: a ``StepFilter``."""
    return _STATE(artifact_filter(command))


def traits_of(step: StepState) -> Traits:
    from controller.status.step_filter import Traits

    return Traits(step.kind, step.recipe, step.label, step.state)


def refuse_filters_of_one(name: str | None, wanted: StepFilter) -> None:
    """A step that is named is shown, whatever it is like."""
    if name is not None and wanted:
        raise click.UsageError("give NAME, or options that choose steps, not both")
