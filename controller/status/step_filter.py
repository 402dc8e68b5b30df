"""Picks the steps that somebody wants to see: by state, kind, recipe and label. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from jobs.errors import ConfigurationError
from jobs.nearest import nearest


@dataclass(frozen=True)
class Traits:
    """What a step can be picked by."""

    kind: str
    recipe: str
    """Empty for a step that several recipes share."""
    label: str
    state: str = ""


@dataclass(frozen=True)
class StepFilter:
    """One of the values of each option, where the option was given."""

    states: Collection[str] = ()
    kinds: Collection[str] = ()
    recipes: Collection[str] = ()
    labels: Collection[str] = ()

    def __bool__(self) -> bool:
        return any((self.states, self.kinds, self.recipes, self.labels))

    def picks(self, step: Traits) -> bool:
        pairs = (
            (self.states, step.state), (self.kinds, step.kind), (self.recipes, step.recipe), (self.labels, step.label),
        )  # fmt: skip
        return all(not wanted or value in wanted for wanted, value in pairs)

    def check(self, steps: Iterable[Traits]) -> None:
        """Raises ``ConfigurationError`` for a recipe or a label that none of all the steps has."""
        found = list(steps)
        _check("recipe", self.recipes, {step.recipe for step in found})
        _check("label", self.labels, {step.label for step in found})


def _check(option: str, wanted: Iterable[str], present: Collection[str]) -> None:
    known = sorted(filter(None, present))
    for value in wanted:
        if value not in known:
            there = f"there are {', '.join(known)}" if known else f"no step has a {option}"
            reason = f"no step has it{nearest(value, known)}; {there}" if known else there
            raise ConfigurationError(f"--{option} {value}", reason, "covid-ctl status --all")
