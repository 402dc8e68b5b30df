"""Which steps of the bucket a plan can build on: finished or under way, and such as the recipe would make."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from controller.bucket.cached_store import READERS
from controller.kinds.declaration import FromFile, FromOutside, Input, OptionalFile
from controller.kinds.registry import KINDS, is_made_from_file
from controller.ledger.complete_steps import DAMAGED, Found, newest_complete, steps_of
from controller.ledger.events import Ledger
from controller.ledger.history import UNDER_WAY, History
from controller.planning.plan import Source
from controller.planning.provenance import Origins
from controller.planning.sources import default_corpus, identify_checkpoint
from jobs.artifact import Artifact, is_complete
from jobs.json_text import from_json
from jobs.layout import EXTENSION, SPEC, VOCABULARIES
from jobs.named_vocabulary import read_vocabulary
from jobs.parallel import in_parallel
from jobs.recipe import Recipe
from jobs.recipe.naming import decisive, recipe_in_name, runtime_fields
from jobs.sample.sample import SAMPLE
from jobs.spec import Kind, Spec
from jobs.store import Store

SHARDS = 1
"""Any number: how many shards a step has does not tell whether it fits."""


@dataclass(frozen=True)
class Fitting:
    """Whether a step of the bucket is one that the recipe would make, of any corpus and in any number of shards."""

    store: Store
    recipe: Recipe
    strict: bool = False
    """Whether inputs count that need not fit."""

    def fits(self, spec: Spec) -> bool:
        """Whether the step may be taken where none is named. Raises ``CovidCtlError`` where what it reads is damaged.

        Made-up papers are for the recipe that shows how it goes; for any other somebody has to name them.
        """
        if not self._is_made(spec):
            return False
        return bool(default_corpus(self.recipe)) or Origins(self.store).corpus(spec.name) != SAMPLE

    def _is_made(self, spec: Spec) -> bool:
        """Whether the recipe would make it."""
        declared = KINDS[spec.kind]
        wanted = declared.settings(self.recipe, SHARDS)
        return (
            spec.recipe == recipe_in_name(spec.kind, self.recipe)
            and declared.telling(spec.settings) == declared.telling(wanted)
            and all(self._input_fits(need, spec.inputs.get(need.name)) for need in declared.inputs)
        )

    def _input_fits(self, need: Input, value: str | None) -> bool:
        if isinstance(need, OptionalFile):
            return True
        if isinstance(need, FromOutside):
            return self._source_fits(need, value)
        if isinstance(need, FromFile):
            return self._vocabulary_fits(value) if need.is_read(self.recipe) else value is None
        if not (need.must_fit or self.strict):
            return True
        absent = KINDS[need.kind].why_absent(self.recipe)
        if value is None:
            return need.optional and bool(absent)
        name = value.split("/", 1)[0]
        if name == VOCABULARIES:
            return not is_made_from_file(need, self.recipe) and self._vocabulary_fits(value)
        return not absent and self._is_made(Artifact.open(self.store, name).spec)

    def _vocabulary_fits(self, path: str | None) -> bool:
        """Whether a given vocabulary has the recipe's size."""
        if path is None:
            return False
        return self.recipe.vocabulary.size in (None, len(read_vocabulary(self.store, path)))

    def _source_fits(self, need: FromOutside, value: str | None) -> bool:
        """Any corpus, and any copy of a checkpoint unless the recipe says where one lies."""
        initial = self.recipe.initial_checkpoint
        if need.name != "checkpoint" or initial is None or not initial.path:
            return True
        return self._checkpoint is None or self._checkpoint.fingerprint == value

    @cached_property
    def _checkpoint(self) -> Source | None:
        return identify_checkpoint(self.recipe)


def known_as(store: Store, spec: Spec) -> Spec:
    """The spec of a step of the bucket that writes the same bytes under an earlier name, else the spec itself.

    Settings that decide nothing were part of names once; the work done under those must not be done again.
    """
    if not runtime_fields(spec.kind) or store.exists(f"{spec.name}/{SPEC}"):
        return spec

    def same_work(name: str) -> Spec | None:
        with suppress(*DAMAGED):
            found = Artifact.open(store, name).spec
            if replace(found, settings=decisive(found.settings)).sha256 == spec.sha256:
                return found
        return None

    return next(filter(None, in_parallel(same_work, steps_of(store, spec.kind), READERS)), spec)


def newest_under_way(store: Store, kind: Kind, fits: Callable[[Spec], bool]) -> Found | None:
    """The step of a kind that was submitted last and has not ended, of those that fit."""
    ledger = Ledger(store)

    def under_way(name: str) -> Found | None:
        with suppress(*DAMAGED):
            if ledger.newest(name)[-1].type in UNDER_WAY and fits(Artifact.open(store, name).spec):
                return None if is_complete(store, name) else Found(ledger.events(name)[0].at, name)
        return None

    return max(filter(None, in_parallel(under_way, steps_of(store, kind), READERS)), default=None)


def read_extension(store: Store, name: str) -> dict[str, Any] | None:
    """What a complete vocabulary step says of the words that it added; None where it is not complete."""
    if not is_complete(store, name):
        return None
    artifact = Artifact.open(store, name)
    found: dict[str, Any] = from_json(artifact.read(artifact.require().output(EXTENSION)))
    return found


def reported_kinds() -> list[Kind]:
    """The kinds of step that leave a report."""
    return [kind for kind, declared in KINDS.items() if declared.leaves_report]


def newest_with_report(store: Store, kinds: Iterable[Kind]) -> str | None:
    """The name of the newest complete step of the first of ``kinds`` that has one."""
    found = (newest_complete(store, kind, lambda _: True) for kind in kinds)
    return next((one.name for one in found if one), None)


def is_under_way(store: Store, name: str) -> bool:
    """Whether the step was submitted and, as far as is known, has not ended."""
    return History(Ledger(store).events(name)).is_under_way
