"""A command's options to the steps it means: what is planned, what the bucket already has, what is missing."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from controller.bucket.cached_store import CachedStore
from controller.kinds.declaration import Extension
from controller.kinds.registry import extension_of, targets_of
from controller.ledger.label import checked_label, labels_of
from controller.planning.choice import Choice
from controller.planning.command_line import ALL, CommandLine
from controller.planning.existing import is_under_way
from controller.planning.plan import Order, Step, plan
from controller.profiles.profile import Profile
from jobs.artifact import is_complete
from jobs.errors import ConfigurationError, PreflightError
from jobs.given_file import give_file
from jobs.named_vocabulary import give_vocabulary
from jobs.recipe import Recipe, load_recipe
from jobs.spec import Kind
from jobs.store import Store

DEFAULT_SHARDS = 2


@dataclass(frozen=True)
class Request:
    """What one ``submit`` or ``render`` asks for."""

    command: CommandLine
    recipe: Recipe
    profile: Profile
    store: Store
    choice: Choice
    until: Kind | None = None
    """Only the steps that lead to this kind, of those that the command is for."""

    @classmethod
    def of(
        cls, kind: str, place: Profile, *, verb: str = "submit", until: Kind | None = None, **options: Any
    ) -> Request:
        overrides = assignments(options["overrides"])
        target = None if kind == ALL else Kind(kind)
        if (extension := extension_of(target)) and options.get("to") is not None:
            overrides = _aimed(overrides, extension, options)
        salt = options["salt"] or (time.strftime("%Y%m%dT%H%M%S") if options["fresh"] else "")
        recipe, store = load_recipe(options["recipe"], overrides), Store(place.bucket)
        # Planning goes by what was there when it began.
        found = CachedStore(place.bucket)
        command = CommandLine(target, options, overrides, salt, verb)
        return cls(command, recipe, place, store, Choice(recipe, command, place, found), until)

    @property
    def label(self) -> str:
        """The label that was given. Raises ``ConfigurationError`` for one that cannot be shown."""
        given = self.command.options.get("label")
        return checked_label(given) if given else ""

    @property
    def notes(self) -> list[str]:
        """What was decided for the user, to be told."""
        return self.choice.notes

    def steps_to_submit(self) -> list[Step]:
        """The steps to submit, inputs first; what they read is complete, among them, or under way on the cluster.

        Writes nothing. Raises ``PreflightError`` when an input is missing and ``--with-inputs`` was not given.
        """
        steps = self._plan()
        own = [step for step in steps if self.command.is_for(step.spec.kind)]
        missing = [step for step in steps if step not in own and self._is_missing(step)]
        if missing and not self.command.options.get("with_inputs"):
            reader = next((step for step in own if missing[-1].name in step.after), own[0])
            raise PreflightError(
                reader.name,
                f"it needs {missing[-1].name}, which is not complete",
                f"{missing[-1].command}\n        or add --with-inputs to this command",
            )
        if salt := self.command.salt:
            self.notes.append(f"running afresh as {own[-1].name}; --salt {shlex.quote(salt)} continues this run")
        return steps if missing else own

    def steps_to_render(self) -> list[Step]:
        """The command's own steps, whether or not their inputs are there."""
        return [step for step in self._plan() if self.command.is_for(step.spec.kind)]

    def is_complete(self, step: Step) -> bool:
        return is_complete(self.store, step.name)

    def upload_files(self) -> None:
        """Put the files that were given where workers find them. Again is harmless."""
        if vocabulary := self.choice.vocabulary:
            give_vocabulary(self.store, vocabulary.data)
        for file in self.choice.given_files:
            give_file(self.store, file.data, file.suffix)

    def _plan(self) -> list[Step]:
        command = self.command
        order = Order(
            command=command.making,
            salt=lambda kind: command.salt if command.is_for(kind) else "",
            shards=command.options["shards"] or DEFAULT_SHARDS,
        )
        target = self.until or command.target
        targets = [target] if target else targets_of(self.recipe)
        return plan(targets, self.recipe, self.choice, order)

    def labelled(self, steps: Sequence[Step]) -> list[Step]:
        """The steps with the label that was given. Of those that have one, only the ones the command names take it."""
        label = self.label
        known = labels_of(self.store, [step.name for step in steps])

        def of(step: Step) -> str:
            has = known.get(step.name, "")
            return label if label and (not has or self.command.target in (None, step.spec.kind)) else has

        return [replace(step, label=of(step)) for step in steps]

    def _is_missing(self, step: Step) -> bool:
        awaited = not self.profile.is_local and is_under_way(self.store, step.name)
        return not awaited and not self.is_complete(step)


def _aimed(overrides: dict[str, str], extension: Extension, options: Mapping[str, Any]) -> dict[str, str]:
    """The overrides with ``--to`` among them."""
    goal, to = extension.goal, str(options["to"])
    if not options.get(extension.option):
        remedy = f"without --{extension.option}, say --set {goal}={to}"
        raise ConfigurationError(f"--to {to}", f"it says how far --{extension.option} NAME goes", remedy)
    if overrides.get(goal, to) != to:
        raise ConfigurationError(f"--to {to}", f"--set {goal}={overrides[goal]} says otherwise", "give one of them")
    return {**overrides, goal: to}


def assignments(texts: Iterable[str]) -> dict[str, str]:
    """``FIELD=VALUE`` by field. Raises ``ConfigurationError``."""
    found = {}
    for text in texts:
        setting, equals, value = text.partition("=")
        if not equals:
            raise ConfigurationError(f"--set {text}", "not of the form FIELD=VALUE", "--set schedule.train_steps=500")
        if not value.strip():
            remedy = f"if there is to be none, --set {setting}=null"
            raise ConfigurationError(f"--set {text}", "its value is empty, as an unset variable's is", remedy)
        found[setting] = value
    return found
