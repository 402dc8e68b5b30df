"""A recipe to steps: what there is to do, under which names, in which order. Walks the declarations of kinds. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from controller.kinds.declaration import FromFile, FromOutside, FromStep, Input, OptionalFile
from controller.kinds.registry import EXPLAINED, KINDS, check_present, upstream
from controller.ledger.lineage import steps_read
from jobs.artifact import Manifest
from jobs.errors import ConfigurationError, PreflightError
from jobs.recipe import Recipe, runtime_settings
from jobs.recipe.naming import recipe_in_name
from jobs.spec import EXTENDS, FIRST_STEP, Kind, Spec


@dataclass(frozen=True)
class Source:
    """Something outside the bucket that a step reads."""

    location: str
    """``gs://...`` or an absolute path; of a corpus also ``sample``; empty for a step of the bucket."""
    fingerprint: str
    """What it holds, wherever it lies; of a step its name."""


@dataclass(frozen=True)
class Step:
    """One Job to be: its spec decides its name, ``arguments`` tell its containers the rest."""

    spec: Spec
    command: str
    """The ``covid-ctl`` command that makes it."""
    arguments: tuple[str, ...] = ()
    """Where inputs lie, and what changes no output byte."""
    label: str = ""
    """What people call it; the ledger keeps it."""

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def after(self) -> tuple[str, ...]:
        """The steps whose artifacts it reads."""
        return steps_read(self.spec)


SET = "."
"""Between an input's name and a file's, where several files may be given."""


class Inputs(Protocol):
    """Where a plan's inputs come from."""

    def outside(self, need: FromOutside) -> Source | None:
        """What lies outside; None for an optional one that nobody named.

        Raises ``PreflightError`` or ``ConfigurationError`` when it is not to be had.
        """

    def files(self, need: OptionalFile) -> Mapping[str, str]:
        """The files that were given for this input: their objects' paths by the input's name."""

    def file(self, need: FromFile) -> str:
        """The path in the bucket of a file. Raises ``PreflightError`` when it was not given."""

    def instead(self, need: FromStep) -> str | None:
        """The step's name, or the object's path, that is taken in place of a step to be planned."""

    def extended(self, kind: Kind) -> Manifest | None:
        """The finished step of this kind from whose end the planned one goes on."""

    def spec(self, name: str) -> Spec:
        """The spec of a step of the bucket."""

    def known(self, spec: Spec) -> Spec:
        """The spec under which the bucket has this very work already, else the same."""


@dataclass(frozen=True)
class Order:
    """How the steps of a plan are told apart and made."""

    command: Callable[[Kind], str]
    """The ``covid-ctl`` command that makes a step of this kind."""
    salt: Callable[[Kind], str] = lambda _: ""
    shards: int = 1


def plan(targets: Iterable[Kind], recipe: Recipe, inputs: Inputs, order: Order) -> list[Step]:
    """The steps that lead to steps of the target kinds, inputs first, each once.

    Raises ``PreflightError`` for an input that the recipe has no step for, and what ``inputs`` raises.
    """
    walk = _Walk(recipe, inputs, order)
    for kind in targets:
        check_present(kind, recipe)
        walk.step(kind)
    return [walk.planned[kind] for kind in KINDS if kind in walk.planned]


class _Walk:
    def __init__(self, recipe: Recipe, inputs: Inputs, order: Order) -> None:
        self._recipe = recipe
        self._inputs = inputs
        self._order = order
        self.planned: dict[Kind, Step] = {}
        self._bound: dict[Kind, str] = {}
        """The steps that inputs are taken from while something is planned that shares a lineage."""

    def step(self, kind: Kind) -> Step:
        if kind not in self.planned:
            self.planned[kind] = self._step(kind)
        return self.planned[kind]

    def _step(self, kind: Kind) -> Step:
        declared, recipe, order = KINDS[kind], self._recipe, self._order
        arguments: list[str] = []
        values: dict[str, str] = {}
        finished = self._inputs.extended(kind)
        if finished:
            values = {name: value for name, value in finished.spec.inputs.items() if name != EXTENDS}
        # What takes least comes first: nobody is sent to make long inputs in vain.
        for need in () if finished else sorted(declared.inputs, key=_turn):
            if isinstance(need, OptionalFile):
                values |= self._inputs.files(need)
            elif isinstance(need, FromFile):
                if need.is_read(recipe):
                    values[need.name] = self._inputs.file(need)
            elif isinstance(need, FromOutside):
                if source := self._inputs.outside(need):
                    values[need.name] = source.fingerprint
                    arguments += [f"--{need.name}", source.location] if source.location else []
            elif value := self._beside(need, kind, values) if need.beside else self._value(need, kind):
                values[need.name] = value
        _refuse_itself(declared.inputs, values)
        for name, told in runtime_settings(kind, recipe).items():
            arguments += ["--runtime", f"{name}={told}"]
        spec = Spec(
            kind,
            settings=declared.settings(recipe, order.shards),
            inputs={
                name: value
                for need in declared.inputs
                for name, value in values.items()
                if name.partition(SET)[0] == need.name
            },
            shards=declared.shards(recipe, order.shards),
            recipe=recipe_in_name(kind, recipe),
            salt=order.salt(kind),
        )
        if finished and (extension := declared.extension):
            spec = replace(
                spec,
                settings={**spec.settings, FIRST_STEP: extension.steps(finished)},
                inputs={**spec.inputs, EXTENDS: finished.name},
                label=extension.label(recipe),
            )
        return Step(self._inputs.known(spec), order.command(kind), tuple(arguments))

    def _beside(self, need: FromStep, reader: Kind, values: Mapping[str, str]) -> str | None:
        """The step for an input that shares the lineage of another one, made of the steps behind that."""
        chosen = self._spec(values[need.beside])
        if chosen.kind is need.kind:
            return None
        self._bound = self._behind(chosen)
        try:
            return self._value(need, reader)
        finally:
            self._bound = {}

    def _behind(self, spec: Spec) -> dict[Kind, str]:
        """The steps that one reads, directly or through others, by kind."""
        found: dict[Kind, str] = {}
        for name in steps_read(spec):
            read = self._spec(name)
            found |= {**self._behind(read), read.kind: name}
        return found

    def _spec(self, name: str) -> Spec:
        planned = next((step.spec for step in self.planned.values() if step.name == name), None)
        return planned or self._inputs.spec(name)

    def _value(self, need: FromStep, reader: Kind) -> str | None:
        if found := self._bound.get(need.kind):
            return found
        if found := self._inputs.instead(need):
            return found
        if absent := KINDS[need.kind].why_absent(self._recipe):
            if need.optional:
                return None
            command = self._order.command(reader)
            remedy = f"{command} --{need.given_by} PATH" if need.given_by else EXPLAINED
            raise PreflightError(f"recipe {self._recipe.name}", absent, remedy)
        name = self.step(need.kind).name
        return f"{name}/{need.path}" if need.path else name


def _refuse_itself(needs: Iterable[Input], values: Mapping[str, str]) -> None:
    """Raises ``ConfigurationError`` where a step is named for comparison that the other inputs have already."""
    for need in needs:
        value = values.get(need.name) if isinstance(need, FromOutside) and need.steps else None
        if value and (same := [name for name in values if name != need.name and values[name] == value]):
            reason = f"it is the step's input {same[0]} already, and would be compared with itself"
            raise ConfigurationError(value, reason, "name another: covid-ctl artifacts")


def _turn(need: Input) -> tuple[bool, int]:
    """What shares another input's lineage comes after that; otherwise, what takes least comes first."""
    if not isinstance(need, FromStep):
        return False, 0
    return bool(need.beside), len(upstream(need.kind))


def inputs_first(steps: Sequence[Step]) -> list[Step]:
    """The steps in an order in which each comes after what it reads, one of each name."""
    by_name = {step.name: step for step in steps}
    ordered: dict[str, Step] = {}

    def visit(step: Step) -> None:
        for name in step.after:
            if name in by_name and name not in ordered:
                visit(by_name[name])
        ordered[step.name] = step

    for step in steps:
        visit(step)
    return list(ordered.values())
