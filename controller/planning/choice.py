"""Where the inputs of one request come from: named by an option, found in the bucket, or still to be made."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from functools import cached_property, partial
from pathlib import Path

from controller.kinds.declaration import CORPUS, FromFile, FromOutside, FromStep, OptionalFile
from controller.kinds.registry import KINDS, is_made_from_file, options_of, reader_of
from controller.ledger.complete_steps import Found, found_step, newest_complete
from controller.ledger.lineage import is_step_name
from controller.planning.command_line import CommandLine
from controller.planning.existing import Fitting, is_under_way, known_as, newest_under_way
from controller.planning.finished_run import finished_run
from controller.planning.of_recipe import chosen_words, is_recipe, newest_of_recipe, no_such_model
from controller.planning.plan import SET, Source
from controller.planning.provenance import Origins, corpus_text, is_made_up
from controller.planning.sources import (
    GivenFile,
    GivenVocabulary,
    default_corpus,
    identify_checkpoint,
    identify_corpus,
    identify_model,
    read_file,
    read_vocabulary,
    whole_file,
)
from controller.profiles.profile import Profile
from jobs.artifact import Artifact, Manifest
from jobs.errors import ConfigurationError, PreflightError
from jobs.recipe import Recipe
from jobs.sample.sample import SAMPLE
from jobs.spec import Kind, Spec
from jobs.store import Store


class Choice:
    """The ``Inputs`` of a plan for one request, with notes of what was chosen for the user."""

    def __init__(self, recipe: Recipe, command: CommandLine, profile: Profile, store: Store) -> None:
        self._recipe = recipe
        self._command = command
        self._options = command.options
        self._profile = profile
        self._store = store
        self._files: dict[str, dict[str, GivenFile]] = {}
        self.notes: list[str] = []

    @cached_property
    def vocabulary(self) -> GivenVocabulary | None:
        """The vocabulary file that was given, if one was."""
        path = self._options.get("vocab")
        return read_vocabulary(path, self._recipe) if path else None

    @property
    def given_files(self) -> list[GivenFile]:
        """The other files that were given."""
        return [file for files in self._files.values() for file in files.values()]

    def outside(self, need: FromOutside) -> Source | None:
        if need == CORPUS:
            return self._corpus()
        return self._model(need) if need.option else self._checkpoint()

    def files(self, need: OptionalFile) -> Mapping[str, str]:
        found = self._files.get(need.name)
        if found is None:
            found = self._files[need.name] = self._read_files(need)
        return {name: file.path for name, file in found.items()}

    def _read_files(self, need: OptionalFile) -> dict[str, GivenFile]:
        value = self._options.get(need.name)
        if value and need.needs and not self._options.get(need.needs):
            raise ConfigurationError(f"--{need.name}", f"it needs --{need.needs} beside it", f"add --{need.needs} FILE")
        if not need.several:
            return {need.name: self._read_file(value, need)} if value else {}
        found: dict[str, GivenFile] = {}
        for path in value or ():
            name = f"{need.name}{SET}{set_name(path)}"
            if name in found:
                raise ConfigurationError(path, f"two files are called {set_name(path)}", "rename one of them")
            found[name] = read_file(path, need)
        return found

    def _read_file(self, path: str, need: OptionalFile) -> GivenFile:
        found = read_file(path, need)
        if need.fits and (other := self._options.get(need.needs)):
            need.fits(found.data, path, whole_file(other, f"give a file with --{need.needs}"), other)
        return found

    def file(self, need: FromFile) -> str:
        if vocabulary := self.vocabulary:
            return vocabulary.path
        choice = self._recipe.vocabulary
        source = f" ({choice.source})" if choice.source else ""
        reason = f"it extends a vocabulary of {choice.size:,} entries{source}, and none was given"
        raise PreflightError(f"recipe {self._recipe.name}", reason, self._command.again(**{need.option: "PATH"}))

    def instead(self, need: FromStep) -> str | None:
        if name := self._options.get(need.named_by):
            return self._named(name, need).name
        if need.given_by and (vocabulary := self.vocabulary) and not is_made_from_file(need, self._recipe):
            return vocabulary.path
        if not need.chosen_by:
            return None
        if name := self._options.get(need.chosen_by):
            return self._noted(need, self._named(name, need), "")
        if self._command.target is None or self._is_specified(need.kind):
            return None
        fits = Fitting(self._store, self._recipe, strict=bool(self._command.overrides)).fits
        if not self._profile.is_local and (awaited := newest_under_way(self._store, need.kind, fits)):
            return self._noted(need, awaited, ", which is under way")
        if newest := newest_complete(self._store, need.kind, fits):
            return self._noted(need, newest, f", the newest that fit recipe {self._recipe.name}")
        return None

    def extended(self, kind: Kind) -> Manifest | None:
        extension, name = KINDS[kind].extension, None
        if extension and kind is self._command.target:
            name = self._options.get(extension.option)
        if not extension or not name:
            return None
        finished = finished_run(self._store, name, kind)
        if reason := extension.contradiction(self._recipe, finished):
            remedy = f"--set the recipe's to the finished step's, or --to more steps; covid-ctl artifacts {name}"
            raise ConfigurationError(name, f"it cannot be extended: {reason}", remedy)
        for option in options_of(kind):
            given = self._options.get(option)
            if given is not None and given not in finished.spec.inputs.values():
                reason = f"it goes on with what {name} was made of"
                raise ConfigurationError(f"--{option} {given}", reason, f"leave --{option} out")
        self.notes.append(f"extends {name}: {extension.note(self._recipe, finished)}")
        return finished

    def spec(self, name: str) -> Spec:
        return Artifact.open(self._store, name).spec

    def known(self, spec: Spec) -> Spec:
        return known_as(self._store, spec)

    def _noted(self, need: FromStep, found: Found, why: str) -> str:
        origin = Origins(self._store).of(found.name, found.at)
        note = f"{need.called}: {found.name}{why}; {origin}"
        if note not in self.notes:  # several steps of one plan read it
            self.notes.append(note)
        return found.name

    def _named(self, name: str, need: FromStep) -> Found:
        artifact = Artifact.open(self._store, name)
        kinds = (need.kind, *need.also)
        if artifact.spec.kind not in kinds:
            reason = f"its kind is {artifact.spec.kind}, not {' or '.join(kinds)}"
            raise ConfigurationError(name, reason, "covid-ctl artifacts")
        if reason := need.contradiction(self._recipe, artifact.spec, artifact.manifest()):
            remedy = f"--set the recipe's to what the {need.called} have, or make others: covid-ctl submit {need.kind}"
            raise ConfigurationError(name, reason, remedy)
        if self._profile.is_local or not is_under_way(self._store, name):
            artifact.require()
        return found_step(self._store, artifact)

    def _is_specified(self, kind: Kind) -> bool:
        """Whether the command says what a step of this kind is to be made of; else the newest that fits will do."""
        return any(self._options.get(option) is not None for option in options_of(kind))

    def _corpus(self) -> Source:
        location = self._options.get("corpus") or default_corpus(self._recipe)
        if location is None:
            raise self._no_corpus()
        if location != SAMPLE:
            self._check_that_pods_see("corpus", location, "--corpus ")
        source = identify_corpus(location)
        self.notes.append(f"corpus: {corpus_text(source.location)}")
        return source

    def _no_corpus(self) -> PreflightError:
        """Advises the corpus that was read last: nothing is made up for a model that is meant."""
        reader = reader_of(CORPUS)
        origins = Origins(self._store)
        newest = newest_complete(self._store, reader, lambda spec: not is_made_up(spec.inputs[CORPUS.name]))
        reason, location = "no corpus is named to make its examples of", "PATH"
        if newest:
            origin = origins.of(newest.name, newest.at)
            reason += f"; the last one read into {self._profile.bucket} is {newest.name}, {origin}"
            location = origin.corpus if origin.is_located else "PATH"
        here = self._command.is_for(reader) or self._is_specified(reader) or self._options.get("with_inputs")
        again = self._command.again if here else partial(self._command.making, reader)
        remedy = f"{again(corpus=location)}\n        or --corpus {SAMPLE}, for a trial on made-up papers"
        return PreflightError(f"recipe {self._recipe.name}", reason, remedy)

    def _checkpoint(self) -> Source:
        initial = self._recipe.initial_checkpoint
        if initial and initial.path:
            self._check_that_pods_see("checkpoint", initial.path, "--set initial_checkpoint.path=")
        found = identify_checkpoint(self._recipe)
        assert found, "a recipe without a checkpoint has no step that reads one"
        return found

    def _model(self, need: FromOutside) -> Source | None:
        """A model to compare with: a complete step by its name or its recipe's, or a directory or archive."""
        location = self._options.get(need.option)
        if not location:
            return None
        if is_step_name(location):
            artifact = Artifact.open(self._store, location)
            if artifact.spec.kind not in need.steps:
                reason = f"its kind is {artifact.spec.kind}, which makes no model; {', '.join(need.steps)} do"
                raise ConfigurationError(location, reason, "covid-ctl artifacts")
            artifact.require()
            return Source("", location)
        if is_recipe(location):
            found = newest_of_recipe(self._store, location, need.steps)
            self.notes.append(f"{need.option}: {chosen_words(self._store, location, found)}")
            return Source("", found.name)
        if re.fullmatch(r"[\w-]+", location) and not Path(location).exists():
            thing = f"--{need.option} {location}"
            raise no_such_model(self._store, thing, location, need.steps, also=", directory or archive")
        self._check_that_pods_see("model", location, f"--{need.option} ")
        return identify_model(location)

    def _check_that_pods_see(self, what: str, location: str, option: str) -> None:
        profile = self._profile
        if profile.is_local or "://" in location:
            return
        if profile.bucket_volume and Path(os.path.realpath(location)).is_relative_to(profile.bucket):
            return
        raise PreflightError(
            f"{what} {location}",
            f"the pods of profile {profile.name} do not see this machine's files",
            f"copy it first: gcloud storage cp -r {shlex.quote(location)} gs://BUCKET/..., then {option}gs://...",
        )


def set_name(path: str) -> str:
    """What the results call a set of labelled data: the file's name, in lower-case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", Path(path).name.partition(".")[0].lower()).strip("-") or "set"
