"""A command's options to the steps it means: what is planned, what the bucket already has, what is missing."""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.planning.inputs import (
    identify_checkpoint,
    identify_corpus,
    is_under_way,
    newest_examples,
    newest_pretraining,
    newest_under_way,
    read_vocabulary,
)
from controller.planning.plan import Step, plan_checkpoint, plan_export, plan_preprocess, plan_pretrain
from controller.profiles.profile import Profile
from jobs.artifact import Artifact, is_complete
from jobs.errors import ConfigurationError, PreflightError
from jobs.recipe import Recipe, load_recipe
from jobs.sample.sample import SAMPLE
from jobs.spec import Kind
from jobs.store import Store

_OWN = {
    Kind.PREPROCESS: (Kind.INGEST, Kind.SIGNATURES, Kind.VOCABULARY, Kind.PREPROCESS),
    Kind.PRETRAIN: (Kind.CHECKPOINT, Kind.PRETRAIN),
}
"""The kinds of step that one command makes: the whole data side belongs to ``preprocess``."""

DEFAULT_SHARDS = 2
ALL = "all"
"""In place of a kind: every step from ingest to export."""


@dataclass
class Request:
    """What one ``submit`` or ``render`` asks for."""

    kind: Kind
    recipe: Recipe
    options: dict[str, Any]
    """As given, for the commands that are shown."""
    profile: Profile
    store: Store
    corpus: str | None
    vocab: str | None
    shards: int | None
    overrides: dict[str, str]
    salt: str
    examples: str | None
    run: str | None
    with_inputs: bool
    everything: bool = False
    """From the corpus to the model, whatever else is in the bucket."""
    notes: list[str] = field(default_factory=list)
    """What was decided for the user, to be told."""

    @classmethod
    def of(cls, kind: str, place: Profile, **options: Any) -> Request:
        overrides = dict(assignment(text) for text in options["overrides"])
        salt = options["salt"] or (time.strftime("%Y%m%dT%H%M%S") if options["fresh"] else "")
        return cls(
            kind=Kind.EXPORT if kind == ALL else Kind(kind),
            everything=kind == ALL,
            recipe=load_recipe(options["recipe"], overrides),
            options={**options, "salt": salt},
            profile=place,
            store=Store(place.bucket),
            corpus=options["corpus"],
            vocab=options["vocab"],
            shards=options["shards"],
            overrides=overrides,
            salt=salt,
            examples=options.get("examples"),
            run=options.get("run"),
            with_inputs=options.get("with_inputs", False),
        )

    def steps_to_submit(self) -> list[Step]:
        """The steps to submit, inputs first; what they read is complete, among them, or under way on the cluster.

        Writes nothing. Raises ``PreflightError`` when an input is missing and ``--with-inputs`` was not given.
        """
        steps = self._plan()
        own = [step for step in steps if self._is_own(step)]
        missing = [step for step in steps if not self._is_own(step) and self._is_missing(step)]
        if missing and not self.with_inputs:
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
        return [step for step in self._plan() if self._is_own(step)]

    def _plan(self) -> list[Step]:
        match self.kind:
            case Kind.PREPROCESS:
                return self._plan_preprocess(self.salt)
            case Kind.PRETRAIN:
                return self._plan_pretrain(self.salt)
            case _:
                return self._plan_export(self.salt)

    def _is_own(self, step: Step) -> bool:
        """Whether the command is for this step."""
        return self.everything or step.spec.kind in _OWN.get(self.kind, (self.kind,))

    def _plan_preprocess(self, salt: str = "") -> list[Step]:
        vocabulary = read_vocabulary(self.vocab)[0] if self.vocab else None
        if self.corpus not in (None, SAMPLE):
            self._check_that_pods_see("corpus", str(self.corpus), "--corpus ")
        return plan_preprocess(
            self.recipe,
            identify_corpus(self.corpus or SAMPLE),
            vocabulary,
            shards=self.shards or DEFAULT_SHARDS,
            salt=salt,
            command=self._command(Kind.PREPROCESS),
        )

    def _plan_pretrain(self, salt: str = "") -> list[Step]:
        if self.recipe.initial_checkpoint and (path := self.recipe.initial_checkpoint.path):
            self._check_that_pods_see("checkpoint", path, "--set initial_checkpoint.path=")
        given = identify_checkpoint(self.recipe)  # before any advice to make inputs: they would be made in vain
        inputs: list[Step] = []
        if self.examples:
            examples = self._given(self.examples, Kind.PREPROCESS)
        elif not self._names_data() and (awaited := self._under_way(Kind.PREPROCESS)):
            examples = awaited
            self.notes.append(f"examples: {awaited}, which is under way")
        elif not self._names_data() and (newest := newest_examples(self.store, self.recipe)):
            examples = newest
            self.notes.append(f"examples: {newest}, the newest that fit recipe {self.recipe.name}")
        else:
            inputs = self._plan_preprocess(self._salt_of_inputs())
            examples = inputs[-1].name
        command = self._command(Kind.PRETRAIN)
        start: list[Step] = []
        if given and self.recipe.initial_checkpoint:
            start = [plan_checkpoint(self.recipe, self.recipe.initial_checkpoint, given, salt=salt, command=command)]
        checkpoint = start[0].name if start else None
        return [*inputs, *start, plan_pretrain(self.recipe, examples, checkpoint, salt=salt, command=command)]

    def _plan_export(self, salt: str = "") -> list[Step]:
        inputs: list[Step] = []
        if self.run:
            pretrain = self._given(self.run, Kind.PRETRAIN)
        elif not (self._names_data() or self.overrides or self.examples) and (
            awaited := self._under_way(Kind.PRETRAIN)
        ):
            pretrain = awaited
            self.notes.append(f"weights: {awaited}, which is under way")
        elif not (self._names_data() or self.overrides or self.examples) and (
            newest := newest_pretraining(self.store, self.recipe)
        ):
            pretrain = newest
            self.notes.append(f"weights: {newest}, the newest of recipe {self.recipe.name}")
        else:
            inputs = self._plan_pretrain(self._salt_of_inputs())
            pretrain = inputs[-1].name
        return [*inputs, plan_export(self.recipe, pretrain, salt=salt, command=self._command(Kind.EXPORT))]

    def _names_data(self) -> bool:
        """Whether the command says which data it means; else the newest that fits will do."""
        return self.everything or any(value is not None for value in (self.corpus, self.vocab, self.shards))

    def _given(self, name: str, kind: Kind) -> str:
        found = Artifact.open(self.store, name)
        if found.spec.kind != kind:
            raise ConfigurationError(name, f"its kind is {found.spec.kind}, not {kind}", "covid-ctl artifacts")
        if self.profile.is_local or not is_under_way(self.store, name):
            found.require()
        return name

    def is_complete(self, step: Step) -> bool:
        return is_complete(self.store, step.name)

    def _is_missing(self, step: Step) -> bool:
        awaited = not self.profile.is_local and is_under_way(self.store, step.name)
        return not awaited and not self.is_complete(step)

    def _under_way(self, kind: Kind) -> str | None:
        """On a cluster, the newest step of a kind that fits and that a Job could wait for."""
        return None if self.profile.is_local else newest_under_way(self.store, kind, self.recipe)

    def _salt_of_inputs(self) -> str:
        return self.salt if self.everything else ""

    def _check_that_pods_see(self, what: str, location: str, option: str) -> None:
        profile = self.profile
        if profile.is_local or "://" in location:
            return
        if profile.bucket_volume and Path(location).resolve().is_relative_to(profile.bucket):
            return
        raise PreflightError(
            f"{what} {location}",
            f"the pods of profile {profile.name} do not see this machine's files",
            f"copy it first: gcloud storage cp -r {shlex.quote(location)} gs://BUCKET/..., then {option}gs://...",
        )

    def upload_vocabulary(self) -> None:
        """Where workers find it. Again is harmless."""
        if self.vocab:
            vocabulary, data = read_vocabulary(self.vocab)
            self.store.create(vocabulary.path, data)

    def _command(self, kind: Kind) -> str:
        """The command that makes a step of ``kind`` from this request's options."""
        own = kind == self.kind or self.everything
        recipe = self.options["recipe"]
        words = ["covid-ctl", "submit", ALL if self.everything else str(kind)]
        words += ["--recipe", recipe] if kind == Kind.PREPROCESS and not self.everything else [recipe]
        for option in ("corpus", "vocab", "shards"):
            words += _option(option, self.options.get(option))
        for setting, value in self.overrides.items():
            words += _option("set", f"{setting}={value}")
        for option in ("examples", "run", "salt"):
            words += _option(option, self.options.get(option)) if own else []
        for option in ("profile", "bucket", "context", "namespace"):
            words += _option(option, self.options.get(option))
        return shlex.join(words)


def _option(name: str, value: object) -> list[str]:
    return [f"--{name}", str(value)] if value not in (None, "") else []


def assignment(text: str) -> tuple[str, str]:
    setting, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError(f"--set {text}", "not of the form FIELD=VALUE", "--set schedule.train_steps=500")
    return setting, value
