"""The ``covid-ctl`` command that a person is told to run, made from the options that were given. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from controller.kinds.registry import KINDS, TARGETS, chosen_inputs, extension_of, made_by, material_options
from jobs.spec import Kind

ALL = "all"
"""In place of a kind: every step that the recipe has."""

_PLACE = ("profile", "bucket", "context", "namespace")


@dataclass(frozen=True)
class CommandLine:
    """One ``submit`` or ``render``: which steps it is for, and what was given."""

    target: Kind | None
    """None: ``all``."""
    options: Mapping[str, Any]
    """As given, the recipe among them."""
    overrides: Mapping[str, str]
    salt: str = ""
    verb: str = "submit"

    def is_for(self, kind: Kind) -> bool:
        """Whether it makes steps of this kind, whatever else it needs."""
        return self.target in (None, kind) or kind in made_by(self.target)

    def making(self, kind: Kind, **more: str) -> str:
        """The command that makes a step of this kind by the same options, and ``more``."""
        own = kind if kind is self.target else KINDS[kind].command
        target, options = None if self.target is None else own, {**self.options, **more}
        words = ["covid-ctl", self.verb if self.is_for(kind) else "submit", *self._recipe(target)]
        for option in material_options(target or TARGETS[-1]):
            words += _option(option, options.get(option))
        for setting, value in self.overrides.items():
            words += _option("set", f"{setting}={value}")
        for need in chosen_inputs(target) if target else ():
            words += _option(need.chosen_by, self.options.get(need.chosen_by))
        if self.is_for(kind):
            if extension := extension_of(self.target):
                words += _option(extension.option, self.options.get(extension.option))
            words += _option("salt", self.salt)
        words += _option("label", self.options.get("label"))
        for option in _PLACE:
            words += _option(option, self.options.get(option))
        return shlex.join(words)

    def again(self, **more: str) -> str:
        """The same command with more options."""
        flag = " --with-inputs" if self.options.get("with_inputs") else ""
        return self.making(self.target or TARGETS[-1], **more) + flag

    def _recipe(self, target: Kind | None) -> list[str]:
        recipe = str(self.options["recipe"])
        if target is None:
            return [ALL, recipe]
        submission = KINDS[target].submission
        assert submission, "every step belongs to a command"
        return [str(target), "--recipe", recipe] if submission.recipe_is_option else [str(target), recipe]


def _option(name: str, value: object) -> list[str]:
    values = value if isinstance(value, tuple) else (value,)
    return [word for one in values if one not in (None, "") for word in (f"--{name}", str(one))]
