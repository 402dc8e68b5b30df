"""What there is to declare of a kind of step: what it reads, what runs it, what it costs, what its result says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from controller.profiles.pool import Role
from jobs.artifact import Manifest
from jobs.ranges import Range
from jobs.recipe import Recipe, settings_of
from jobs.recipe.naming import decisive, without
from jobs.spec import Kind, Spec


def no_contradiction(recipe: Recipe, spec: Spec, made: Manifest | None) -> str:  # noqa: ARG001
    """For an input that any recipe can read."""
    return ""


@dataclass(frozen=True)
class FromStep:
    """An input that another step makes. The DAG, and what a Job waits for, follow from these."""

    name: str
    """Its key among the inputs of the spec."""
    kind: Kind
    path: str = ""
    """The one object of the artifact that is read; empty: the artifact as a whole."""
    given_by: str = ""
    """The option of ``submit`` that gives an object in the step's place."""
    chosen_by: str = ""
    """The option of ``submit`` that names a finished step. Without it the newest that fits the recipe is taken; an
    input that has no such option is always planned."""
    choosing: str = ""
    """That option's help."""
    called: str = ""
    """What people call it when one is chosen for them."""
    named_by: str = ""
    """The option of ``vocab`` that names a finished step. Without it the step is planned."""
    also: tuple[Kind, ...] = ()
    """Kinds of step that may be named in its place."""
    beside: str = ""
    """Another input of the same step, whose lineage this one shares: it is made of the same steps. Left out where that
    other input is itself of this kind."""
    optional: bool = False
    """Left out where the recipe has no such step."""
    contradiction: Callable[[Recipe, Spec, Manifest | None], str] = no_contradiction
    """Why the recipe cannot read a chosen step of this spec and, once it is complete, manifest; empty: it can."""
    must_fit: bool = True
    """A finished step fits a recipe only if this input of it does. Where it need not, it must all the same once
    settings are overridden: then its settings are what the command is about."""


@dataclass(frozen=True)
class FromOutside:
    """An input from outside the bucket. Its spec has what it holds, its container is told where it lies."""

    name: str
    """Its key among the inputs of the spec, and its container's option."""
    option: str = ""
    """The option of ``submit`` that says where it lies; empty: the recipe says it."""
    optional: bool = False
    """Left out where the option is not given."""
    steps: tuple[Kind, ...] = ()
    """Kinds of step that the option may name instead. A recipe's name means its newest step of the first of these
    that it has."""


@dataclass(frozen=True)
class FromFile:
    """An input that is a file of the user's, kept in the bucket under its content's hash."""

    name: str
    """Its key among the inputs of the spec."""
    option: str
    """The option of ``submit`` that gives the file."""
    is_read: Callable[[Recipe], bool]
    """Whether the recipe has this input."""


@dataclass(frozen=True)
class OptionalFile:
    """A small file of the user's, if one is given: it is copied into the bucket and named by its content."""

    name: str
    """Its key among the inputs of the spec, and the option of ``submit``."""
    check: Callable[[bytes, str], object]
    """Raises ``ConfigurationError`` for content, of a file of this name, that is of no use."""
    needs: str = ""
    """Another such input, without which this one is of no use."""
    fits: Callable[[bytes, str, bytes, str], object] | None = None
    """Raises ``ConfigurationError`` where this content, of a file of this name, and that of the input that it needs do
    not belong together."""
    several: bool = False
    """Whether the option may be repeated. Then each file is an input of its own, named after the file."""


Input = FromStep | FromOutside | FromFile | OptionalFile

CORPUS = FromOutside("corpus", option="corpus")
"""What all text comes from. Every step that leads to it through its inputs is made of it."""


@dataclass(frozen=True)
class TextWork:
    """CPU work in proportion to the corpus."""

    core_seconds_per_megabyte: Range


@dataclass(frozen=True)
class FixedWork:
    """Work whose time depends on little."""

    seconds: Range
    basis: str
    """What the range covers, in words."""


@dataclass(frozen=True)
class ComputeWork:
    """Work that is counted in floating-point operations."""

    flops: int


Work = TextWork | FixedWork | ComputeWork


@dataclass(frozen=True)
class Submission:
    """The ``submit`` command that ends with this kind of step. The command's name is the kind's."""

    help: str
    """One line, which names the recipe as RECIPE."""
    short_help: str
    """The same for a list of commands, in 80 columns."""
    recipe_is_option: bool = False
    """``--recipe NAME``, ``tiny`` by default; else the recipe is the command's argument."""


@dataclass(frozen=True)
class Extension:
    """How a finished step of a kind is continued by another step of that kind, which takes over all its inputs."""

    option: str
    """The option of ``submit`` that names the finished step."""
    choosing: str
    """That option's help."""
    goal: str
    """The setting that says how far the new step goes: it is set by the option ``--to``."""
    contradiction: Callable[[Recipe, Manifest], str]
    """Why the recipe cannot go on from a finished step; empty: it can."""
    steps: Callable[[Manifest], int]
    """How many training steps a finished one made."""
    note: Callable[[Recipe, Manifest], str]
    """What people should know of how it goes on."""
    label: Callable[[Recipe], str]
    """What the new step's name says of it."""


@dataclass(frozen=True)
class TrainingBatch:
    """What a training step computes for one update."""

    section: str
    """The recipe's section that sets it."""
    size: int
    parts: int | None
    """Parts that it is computed in; None: the trainer's memory decides."""
    follows_formula: bool
    """Whether ``jobs.training_memory`` says what it takes."""


def one_shard(recipe: Recipe, asked: int) -> int:  # noqa: ARG001
    """For a step that is one unit of work."""
    return 1


def shards_asked_for(recipe: Recipe, asked: int) -> int:  # noqa: ARG001
    """For a step that runs once per shard of the documents."""
    return asked


def always(recipe: Recipe) -> str:  # noqa: ARG001
    """For a step that every recipe has."""
    return ""


def no_flops(spec: Spec) -> None:
    """For a step whose time does not follow from its settings."""


def no_batch(recipe: Recipe) -> None:
    """For a step that trains nothing."""


@dataclass(frozen=True)
class StepKind:
    """One kind of step, declared."""

    kind: Kind
    command: Kind
    """The kind whose ``submit`` command makes this step on its way."""
    role: Role
    """The image and the node pool that it runs on."""
    inputs: tuple[Input, ...]
    work: Callable[[Recipe], Work]
    """What there is to compute, for the estimate."""
    summary: Callable[[Manifest], str]
    """What a complete one made, in a few words."""
    submission: Submission | None = None
    """Where there is a ``submit`` command of its name."""
    shards: Callable[[Recipe, int], int] = one_shard
    """Completion indexes, by the recipe and the ``--shards`` asked for."""
    shard_setting: str = ""
    """The setting that holds the ``--shards`` asked for, of a step that writes so many shards itself."""
    why_absent: Callable[[Recipe], str] = always
    """Why a recipe has no such step; empty where it has one."""
    incidental: tuple[str, ...] = ()
    """Settings that do not matter when a finished step is looked for that fits a recipe."""
    deadline_days: int = 2
    """The Job's active deadline."""
    saves: str = ""
    """The folder of what it continues from after an interruption; of a complete step, what an extension begins from."""
    extension: Extension | None = None
    """Where a finished one can be continued."""
    makes_vocabulary: bool = False
    """Whether it makes the vocabulary that ``covid-ctl vocab`` is about."""
    published_as: Literal["", "model", "embedder", "evaluation"] = ""
    """Its part in what ``covid-ctl publish`` uploads."""
    has_measures: bool = False
    """Whether its facts hold ``measures`` that ``--gate`` can ask for."""
    leaves_report: bool = False
    """Whether it writes what ``covid-ctl report`` shows."""
    flops_of: Callable[[Spec], int | None] = field(default=no_flops)
    """The operations of a step that was submitted, where its settings tell."""
    batch: Callable[[Recipe], TrainingBatch | None] = field(default=no_batch)
    """What must fit the trainer, and be split evenly over its devices."""

    def settings(self, recipe: Recipe, shards: int) -> dict[str, Any]:
        """Everything but the inputs that decides the step's bytes."""
        return settings_of(self.kind, recipe) | ({self.shard_setting: shards} if self.shard_setting else {})

    def telling(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """Those of a step's settings that tell whether it fits a recipe."""
        return without(decisive(settings), (*self.incidental, self.shard_setting))
