"""Finds each kind's declaration by the kind's name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from controller.kinds.declaration import Extension, FromFile, FromOutside, FromStep, Input, OptionalFile, StepKind
from controller.profiles.pool import Pool
from controller.profiles.profile import Profile
from jobs.errors import PreflightError
from jobs.recipe import Recipe
from jobs.spec import Kind

KINDS: Mapping[Kind, StepKind] = {kind: import_module(f"controller.kinds.{kind}").KIND for kind in Kind}
"""In the order in which the steps feed each other."""

TARGETS = tuple(kind for kind, declared in KINDS.items() if declared.submission)
"""The kinds that have a ``submit`` command of their name."""

MODELS = tuple(
    dict.fromkeys(
        kind
        for declared in KINDS.values()
        for need in declared.inputs
        if isinstance(need, FromOutside)
        for kind in need.steps
    )
)
"""The kinds of step whose result another model can be compared with."""


def pool_of(kind: Kind, profile: Profile) -> Pool:
    """The node pool of a profile that steps of this kind run on."""
    return profile.pool(KINDS[kind].role)


def image_of(kind: Kind, profile: Profile) -> str:
    """The image of a profile that steps of this kind run in."""
    image: str = getattr(profile.images, KINDS[kind].role)
    return image


def made_by(command: Kind) -> list[Kind]:
    """The kinds of step that belong to one ``submit`` command, in their order."""
    return [kind for kind, declared in KINDS.items() if declared.command == command]


def targets_of(recipe: Recipe) -> list[Kind]:
    """What ``all`` means for a recipe: the last step of each command that the recipe has."""
    return [kind for kind in TARGETS if not KINDS[kind].why_absent(recipe)]


EXPLAINED = "covid-ctl recipes show tiny --explain   prints one that has it, and what each setting means"


def check_present(kind: Kind, recipe: Recipe) -> None:
    """Raises ``PreflightError`` where the recipe has no such step."""
    if absent := KINDS[kind].why_absent(recipe):
        raise PreflightError(f"recipe {recipe.name}", absent, EXPLAINED)


def chosen_inputs(target: Kind) -> list[FromStep]:
    """The inputs of a command's steps that its options can name, inputs first."""
    needs = [need for kind in upstream(target) for need in KINDS[kind].inputs if isinstance(need, FromStep)]
    found: dict[str, FromStep] = {}
    for need in needs:
        if need.chosen_by:
            found.setdefault(need.chosen_by, need)
    return list(found.values())


def material_options(kind: Kind) -> list[str]:
    """The options of ``submit`` that say what all is made of that leads to a step of this kind."""
    steps = [KINDS[one] for one in upstream(kind)]
    needs = [need for step in steps for need in step.inputs]
    names = [_option_of(need) for need in needs]
    shards = ["shards"] if any(step.shard_setting for step in steps) else []
    return list(dict.fromkeys(filter(None, names + shards)))


def vocabulary_kind() -> Kind:
    """The kind of step that makes a vocabulary."""
    return next(kind for kind, declared in KINDS.items() if declared.makes_vocabulary)


def published_kind(part: str) -> Kind:
    """The kind of step that makes this part of what is published."""
    return next(kind for kind, declared in KINDS.items() if declared.published_as == part)


def is_made_from_file(need: FromStep, recipe: Recipe) -> bool:
    """Whether the file that could take the step's place is what the step is made from, so that the step is needed."""
    inputs = KINDS[need.kind].inputs
    return any(isinstance(one, FromFile) and one.option == need.given_by and one.is_read(recipe) for one in inputs)


def extension_of(target: Kind | None) -> Extension | None:
    """How the steps of a command can continue a finished one; None: they cannot."""
    return KINDS[target].extension if target else None


def _option_of(need: Input) -> str:
    if isinstance(need, OptionalFile):
        return need.name
    return need.option if isinstance(need, FromOutside | FromFile) else need.given_by


def options_of(kind: Kind) -> list[str]:
    """Those, and the options that name finished steps on the way."""
    return [*material_options(kind), *(need.chosen_by for need in chosen_inputs(kind))]


def reader_of(source: FromOutside) -> Kind:
    """The kind of step that reads something from outside, for all that come after it."""
    return next(kind for kind, declared in KINDS.items() if source in declared.inputs)


def upstream(kind: Kind) -> list[Kind]:
    """The kind and every kind that it reads, directly or through others, inputs first."""
    found: dict[Kind, None] = {}
    for need in KINDS[kind].inputs:
        if isinstance(need, FromStep):
            found |= dict.fromkeys(upstream(need.kind))
    return [*found, kind]
