"""A command's options to the steps it means: what is planned, what the bucket already has, what is missing."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.kinds.registry import KINDS, made_by, targets_of
from controller.planning.choice import Choice
from controller.planning.existing import is_under_way
from controller.planning.plan import Order, Step, plan
from controller.profiles.profile import Profile
from jobs.artifact import is_complete
from jobs.errors import ConfigurationError, PreflightError
from jobs.named_vocabulary import give_vocabulary
from jobs.recipe import Recipe, load_recipe
from jobs.spec import Kind
from jobs.store import Store

DEFAULT_SHARDS = 2
ALL = "all"
"""In place of a kind: every step that the recipe has."""

_INPUTS, _OWN, _PLACE = (
    ("corpus", "vocab", "shards"),
    ("examples", "run", "salt"),
    ("profile", "bucket", "context", "namespace"),
)
"""The options that a command shown to people repeats; those of the second group only for the steps that it is for."""


@dataclass
class Request:
    """What one ``submit`` or ``render`` asks for."""

    kind: Kind | None
    """None: everything from the corpus to the model, whatever else is in the bucket."""
    recipe: Recipe
    options: Mapping[str, Any]
    """As given, for the commands that are shown."""
    overrides: Mapping[str, str]
    profile: Profile
    store: Store
    choice: Choice
    salt: str

    @classmethod
    def of(cls, kind: str, place: Profile, **options: Any) -> Request:
        overrides = dict(assignment(text) for text in options["overrides"])
        salt = options["salt"] or (time.strftime("%Y%m%dT%H%M%S") if options["fresh"] else "")
        recipe, store = load_recipe(options["recipe"], overrides), Store(place.bucket)
        return cls(
            kind=None if kind == ALL else Kind(kind),
            recipe=recipe,
            options={**options, "salt": salt},
            overrides=overrides,
            profile=place,
            store=store,
            choice=Choice(recipe, options, place, store, everything=kind == ALL),
            salt=salt,
        )

    @property
    def notes(self) -> list[str]:
        """What was decided for the user, to be told."""
        return self.choice.notes

    def steps_to_submit(self) -> list[Step]:
        """The steps to submit, inputs first; what they read is complete, among them, or under way on the cluster.

        Writes nothing. Raises ``PreflightError`` when an input is missing and ``--with-inputs`` was not given.
        """
        steps = self._plan()
        own = [step for step in steps if self._is_own(step.spec.kind)]
        missing = [step for step in steps if step not in own and self._is_missing(step)]
        if missing and not self.options.get("with_inputs"):
            raise PreflightError(
                own[0].name,
                f"it needs {missing[-1].name}, which is not complete",
                f"{missing[-1].command}\n        or add --with-inputs to this command",
            )
        if self.salt:
            self.notes.append(f"running afresh as {own[-1].name}; --salt {shlex.quote(self.salt)} continues this run")
        return steps if missing else own

    def steps_to_render(self) -> list[Step]:
        """The command's own steps, whether or not their inputs are there."""
        return [step for step in self._plan() if self._is_own(step.spec.kind)]

    def is_complete(self, step: Step) -> bool:
        return is_complete(self.store, step.name)

    def upload_vocabulary(self) -> None:
        """Where workers find it. Again is harmless."""
        if vocabulary := self.choice.vocabulary:
            give_vocabulary(self.store, vocabulary.data)

    def _plan(self) -> list[Step]:
        order = Order(
            command=self._command,
            salt=lambda kind: self.salt if self._is_own(kind) else "",
            shards=self.options["shards"] or DEFAULT_SHARDS,
        )
        targets = targets_of(self.recipe) if self.kind is None else [self.kind]
        return plan(targets, self.recipe, self.choice, order)

    def _is_own(self, kind: Kind) -> bool:
        """Whether the command is for steps of this kind."""
        return self.kind is None or kind in made_by(self.kind)

    def _is_missing(self, step: Step) -> bool:
        awaited = not self.profile.is_local and is_under_way(self.store, step.name)
        return not awaited and not self.is_complete(step)

    def _command(self, kind: Kind) -> str:
        """The command that makes a step of ``kind`` from this request's options."""
        target, recipe = KINDS[kind].command, self.options["recipe"]
        words = ["covid-ctl", "submit", ALL if self.kind is None else str(target)]
        submission = KINDS[target].submission
        by_option = self.kind is not None and submission and submission.recipe_is_option
        words += ["--recipe", recipe] if by_option else [recipe]
        for option in _INPUTS:
            words += _option(option, self.options.get(option))
        for setting, value in self.overrides.items():
            words += _option("set", f"{setting}={value}")
        for option in _OWN if self._is_own(kind) else ():
            words += _option(option, self.options.get(option))
        for option in _PLACE:
            words += _option(option, self.options.get(option))
        return shlex.join(words)


def _option(name: str, value: object) -> list[str]:
    return [f"--{name}", str(value)] if value not in (None, "") else []


def assignment(text: str) -> tuple[str, str]:
    setting, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError(f"--set {text}", "not of the form FIELD=VALUE", "--set schedule.train_steps=500")
    return setting, value
