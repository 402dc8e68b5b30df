"""Whether and how a recipe goes on from the end of a finished pretraining run. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.artifact import Manifest
from jobs.recipe import Recipe, Schedule, settings_of
from jobs.recipe.naming import decisive, without
from jobs.recipe.rates import learning_rate
from jobs.spec import FIRST_STEP, Kind

ONLY_DIFFERENCES = ("schedule.train_steps", "schedule.decay_steps", "schedule.cooldown_steps", FIRST_STEP)
"""How far a run goes, and by when its learning rate falls. Anything else would make it another run."""

_FIELDS = {
    "vocabulary_size": "vocabulary.size",
    "max_seq_length": "examples.max_seq_length",
    "max_predictions_per_seq": "examples.max_predictions_per_seq",
}
"""A recipe's names of settings that a step has under another."""


def steps_made(finished: Manifest) -> int:
    return int(finished.facts["steps"])


def contradiction(recipe: Recipe, finished: Manifest) -> str:
    """Why the recipe cannot go on from a finished run; empty: it can."""
    if finished.spec.recipe != recipe.name:
        return f"it is of recipe {finished.spec.recipe}, not {recipe.name}"
    wanted = _flat(without(settings_of(Kind.PRETRAIN, recipe), ONLY_DIFFERENCES))
    theirs = _flat(without(decisive(finished.spec.settings), ONLY_DIFFERENCES))
    differing = [field for field in sorted(wanted | theirs) if wanted.get(field) != theirs.get(field)]
    if differing:
        return "; ".join(
            f"{_FIELDS.get(field, field)} is {_text(theirs, field)} in it, {_text(wanted, field)} in the recipe"
            for field in differing
        )
    made, planned = steps_made(finished), finished.spec.settings["schedule"]["train_steps"]
    if made < planned:
        return f"it ended early, with the weights of step {made:,} of {planned:,}: later ones were no better"
    if recipe.schedule.train_steps <= made:
        return f"it has made {made:,} steps, {recipe.schedule.train_steps:,} are no more"
    return ""


def note(recipe: Recipe, finished: Manifest) -> str:
    """What the learning rate does where the finished run ended."""
    made, theirs, ours = steps_made(finished), Schedule(**finished.spec.settings["schedule"]), recipe.schedule
    if all(learning_rate(step, theirs) == learning_rate(step, ours) for step in range(made)):
        return "its learning rate goes on as planned: the result is that of one undisturbed run"
    goes = f"at step {made:,} it goes from {learning_rate(made, theirs):.3g} to {learning_rate(made, ours):.3g}"
    if ours.decay == "wsd":
        return f"its learning rate had begun to fall, and {goes}"
    before, now = (schedule.decay_steps or schedule.train_steps for schedule in (theirs, ours))
    return f"its learning rate was to fall to 0 at step {before:,}, and now does at {now:,}: {goes}"


def _flat(settings: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in settings.items():
        inner = value.items() if isinstance(value, Mapping) else None
        found |= {f"{name}.{key}": one for key, one in inner} if inner is not None else {name: value}
    return found


def _text(settings: Mapping[str, Any], field: str) -> str:
    return str(settings[field]) if field in settings else "as usual"
