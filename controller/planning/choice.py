"""Where the inputs of one request come from: named by an option, found in the bucket, or still to be made."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from controller.kinds.declaration import FromOutside, FromStep
from controller.kinds.registry import KINDS, upstream
from controller.planning.existing import Fitting, is_under_way, known_as, newest_complete, newest_under_way
from controller.planning.plan import Source
from controller.planning.sources import GivenVocabulary, identify_checkpoint, identify_corpus, read_vocabulary
from controller.profiles.profile import Profile
from jobs.artifact import Artifact
from jobs.errors import ConfigurationError, PreflightError
from jobs.recipe import Recipe
from jobs.sample.sample import SAMPLE
from jobs.spec import Kind, Spec
from jobs.store import Store


class Choice:
    """The ``Inputs`` of a plan for one request, with notes of what was chosen for the user."""

    def __init__(
        self, recipe: Recipe, options: Mapping[str, Any], profile: Profile, store: Store, *, everything: bool
    ) -> None:
        self._recipe = recipe
        self._options = options
        self._profile = profile
        self._store = store
        self._everything = everything
        self.notes: list[str] = []

    @cached_property
    def vocabulary(self) -> GivenVocabulary | None:
        """The vocabulary file that was given, if one was."""
        path = self._options.get("vocab")
        return read_vocabulary(path, self._recipe) if path else None

    def outside(self, need: FromOutside) -> Source:
        return {"corpus": self._corpus, "checkpoint": self._checkpoint}[need.name]()

    def instead(self, need: FromStep) -> str | None:
        if need.given_by and (vocabulary := self.vocabulary):
            return vocabulary.path
        if not need.chosen_by:
            return None
        if name := self._options.get(need.chosen_by):
            return self._named(name, need.kind)
        if self._everything or self._is_specified(need.kind):
            return None
        fits = Fitting(self._store, self._recipe, strict=bool(self._options.get("overrides"))).fits
        if not self._profile.is_local and (awaited := newest_under_way(self._store, need.kind, fits)):
            self.notes.append(f"{need.called}: {awaited}, which is under way")
            return awaited
        if newest := newest_complete(self._store, need.kind, fits):
            self.notes.append(f"{need.called}: {newest}, the newest that fit recipe {self._recipe.name}")
            return newest
        return None

    def known(self, spec: Spec) -> Spec:
        return known_as(self._store, spec)

    def _named(self, name: str, kind: Kind) -> str:
        found = Artifact.open(self._store, name)
        if found.spec.kind != kind:
            raise ConfigurationError(name, f"its kind is {found.spec.kind}, not {kind}", "covid-ctl artifacts")
        if self._profile.is_local or not is_under_way(self._store, name):
            found.require()
        return name

    def _is_specified(self, kind: Kind) -> bool:
        """Whether the command says what a step of this kind is to be made of; else the newest that fits will do."""
        return any(self._options.get(option) is not None for option in options_of(kind))

    def _corpus(self) -> Source:
        location = self._options.get("corpus")
        if location not in (None, SAMPLE):
            self._check_that_pods_see("corpus", str(location), "--corpus ")
        return identify_corpus(location or SAMPLE)

    def _checkpoint(self) -> Source:
        initial = self._recipe.initial_checkpoint
        if initial and initial.path:
            self._check_that_pods_see("checkpoint", initial.path, "--set initial_checkpoint.path=")
        found = identify_checkpoint(self._recipe)
        assert found, "only a recipe with a checkpoint has a step that reads one"
        return found

    def _check_that_pods_see(self, what: str, location: str, option: str) -> None:
        profile = self._profile
        if profile.is_local or "://" in location:
            return
        if profile.bucket_volume and Path(location).resolve().is_relative_to(profile.bucket):
            return
        raise PreflightError(
            f"{what} {location}",
            f"the pods of profile {profile.name} do not see this machine's files",
            f"copy it first: gcloud storage cp -r {shlex.quote(location)} gs://BUCKET/..., then {option}gs://...",
        )


def options_of(kind: Kind) -> set[str]:
    """The options of ``submit`` that decide what a step of this kind is made of."""
    found = set()
    for one in map(KINDS.__getitem__, upstream(kind)):
        found |= {"shards"} if one.shard_setting else set()
        for need in one.inputs:
            names = (need.name,) if isinstance(need, FromOutside) else (need.given_by, need.chosen_by)
            found |= {name for name in names if name}
    return found
