"""Finished steps that are named by their recipe: the newest complete one that fits it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from controller.ledger.complete_steps import Found, complete_artifacts, newest_complete
from controller.ledger.lineage import is_step_name
from controller.planning.existing import Fitting
from controller.planning.provenance import Origins
from jobs.errors import ConfigurationError, PreflightError
from jobs.nearest import nearest
from jobs.recipe import load_recipe, recipe_names
from jobs.spec import Kind
from jobs.store import Store

SHOWN = 6
"""Steps that an error lists."""


def is_recipe(word: str) -> bool:
    """Whether ``word`` names a recipe, or has the form of a recipe's file."""
    return word in recipe_names() or Path(word).suffix in (".yaml", ".yml")


def newest_of_recipe(store: Store, recipe: str, kinds: Sequence[Kind]) -> Found:
    """The newest complete step of the first of ``kinds`` that has one which fits the recipe without overrides.

    Raises ``PreflightError`` that lists the steps there are when there is none, and what ``load_recipe`` raises.
    """
    loaded = load_recipe(recipe)
    fits = Fitting(store, loaded).fits
    for kind in kinds:
        if found := newest_complete(store, kind, fits):
            return found
    wanted = " or ".join(kinds)
    reason = f"no complete {wanted} step fits it without --set; {_candidates(store, kinds)}"
    remedy = f"name a step, or covid-ctl submit {kinds[0]} {recipe} --with-inputs"
    raise PreflightError(f"recipe {loaded.name}", reason, remedy)


def chosen_words(store: Store, recipe: str, found: Found) -> str:
    """What was chosen for a recipe, to be told."""
    return f"{found.name}, the newest that fits recipe {recipe}; {Origins(store).of(found.name, found.at)}"


def no_such_model(store: Store, thing: str, word: str, kinds: Sequence[Kind], *, also: str = "") -> ConfigurationError:
    """For a word that is neither a step nor a recipe, with what could be meant; ``also`` adds what else could be."""
    recipes, steps = recipe_names(), _steps(store, kinds)
    reason = (
        f"no such step or recipe{also}{nearest(word, [*recipes, *steps])} "
        f"(recipes: {', '.join(recipes)}; {_candidates(store, kinds)})"
    )
    return ConfigurationError(thing, reason, "covid-ctl artifacts")


def step_or_newest(store: Store, option: str, word: str, kinds: Sequence[Kind]) -> tuple[str, str]:
    """The step that ``word`` names, itself or by its recipe, and what to tell of the choice; empty for a step's name.

    A step's name is not looked up. Raises ``CovidCtlError`` for a word that is neither.
    """
    if is_step_name(word):
        return word, ""
    if not is_recipe(word):
        raise no_such_model(store, f"{option} {word}", word, kinds)
    found = newest_of_recipe(store, word, kinds)
    return found.name, f"{option.lstrip('-')}: {chosen_words(store, word, found)}"


def _candidates(store: Store, kinds: Sequence[Kind]) -> str:
    names = _steps(store, kinds)
    if not names:
        return f"{store.location} has none"
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return f"complete steps: {', '.join(names[:SHOWN])}{more}"


def _steps(store: Store, kinds: Sequence[Kind]) -> list[str]:
    return [manifest.name for kind in kinds for manifest in complete_artifacts(store, kind)]
