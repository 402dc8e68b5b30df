"""Finds each kind's declaration by the kind's name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from controller.kinds.declaration import FromStep, StepKind
from controller.profiles.profile import Pool, Profile
from jobs.recipe import Recipe
from jobs.spec import Kind

KINDS: Mapping[Kind, StepKind] = {kind: import_module(f"controller.kinds.{kind}").KIND for kind in Kind}
"""In the order in which the steps feed each other."""

TARGETS = tuple(kind for kind, declared in KINDS.items() if declared.submission)
"""The kinds that have a ``submit`` command of their name."""


def pool_of(kind: Kind, profile: Profile) -> Pool:
    """The node pool of a profile that steps of this kind run on."""
    return profile.pool(KINDS[kind].role)


def made_by(command: Kind) -> list[Kind]:
    """The kinds of step that belong to one ``submit`` command, in their order."""
    return [kind for kind, declared in KINDS.items() if declared.command == command]


def targets_of(recipe: Recipe) -> list[Kind]:
    """What ``all`` means for a recipe: the last step of each command that the recipe has."""
    return [kind for kind in TARGETS if not KINDS[kind].why_absent(recipe)]


def upstream(kind: Kind) -> list[Kind]:
    """The kind and every kind that it reads, directly or through others, inputs first."""
    found: dict[Kind, None] = {}
    for need in KINDS[kind].inputs:
        if isinstance(need, FromStep):
            found |= dict.fromkeys(upstream(need.kind))
    return [*found, kind]
