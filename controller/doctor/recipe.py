"""Checks that the recipe has its vocabulary and the checkpoint that it starts from."""

from __future__ import annotations

from controller.doctor.check import Check, ok, skipped
from controller.planning.sources import identify_checkpoint, read_vocabulary
from jobs.recipe import Recipe


def vocabulary(recipe: Recipe, path: str | None) -> Check:
    """Checks the vocabulary file at ``path``, if one is given. Raises ``ConfigurationError`` if it does not fit."""
    name, choice = "vocabulary", recipe.vocabulary
    if path:
        found = f"{path} has {read_vocabulary(path, recipe).size:,} entries"
        more = f", to which the recipe adds {choice.extend.add:,} words of the corpus" if choice.extend else ""
        return ok(name, found + more)
    if choice.learn:
        return ok(name, f"recipe {recipe.name} learns one of at most {choice.learn:,} entries")
    reason = f"recipe {recipe.name} needs one of {choice.size:,} entries ({choice.source})"
    return skipped(name, reason, "look at yours with --vocab PATH")


def checkpoint(recipe: Recipe) -> Check:
    """Raises ``PreflightError`` or ``ConfigurationError`` when it cannot be found, or read."""
    name, initial = "checkpoint", recipe.initial_checkpoint
    given = identify_checkpoint(recipe)
    if initial is None or given is None:
        return ok(name, f"recipe {recipe.name} trains from scratch")
    return ok(name, f"{initial.name} is at {given.location}")
