"""Which steps of the bucket a plan can build on: finished or under way, and such as the recipe would make."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from controller.kinds.declaration import FromOutside, Input
from controller.kinds.registry import KINDS
from controller.ledger.events import EventType, Ledger
from controller.ledger.history import History
from controller.planning.sources import identify_checkpoint
from jobs.artifact import Artifact, Manifest, is_complete
from jobs.errors import CovidCtlError
from jobs.layout import SPEC, VOCABULARIES
from jobs.named_vocabulary import read_vocabulary
from jobs.recipe import Recipe
from jobs.recipe.naming import decisive, recipe_in_name, runtime_fields
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
        """Raises ``CovidCtlError`` where what it reads is damaged."""
        declared = KINDS[spec.kind]
        wanted = declared.settings(self.recipe, SHARDS)
        return (
            spec.recipe == recipe_in_name(spec.kind, self.recipe)
            and declared.telling(spec.settings) == declared.telling(wanted)
            and all(self._input_fits(need, spec.inputs.get(need.name)) for need in declared.inputs)
        )

    def _input_fits(self, need: Input, value: str | None) -> bool:
        if isinstance(need, FromOutside):
            return self._source_fits(need, value)
        if not (need.must_fit or self.strict):
            return True
        absent = KINDS[need.kind].why_absent(self.recipe)
        if value is None:
            return need.optional and bool(absent)
        name = value.split("/", 1)[0]
        if name == VOCABULARIES:
            return self.recipe.vocabulary.size in (None, len(read_vocabulary(self.store, value)))
        return not absent and self.fits(Artifact.open(self.store, name).spec)

    def _source_fits(self, need: FromOutside, value: str | None) -> bool:
        """Any corpus, and any copy of a checkpoint unless the recipe says where one lies."""
        initial = self.recipe.initial_checkpoint
        if need.name != "checkpoint" or initial is None or not initial.path:
            return True
        given = identify_checkpoint(self.recipe)
        return given is None or given.fingerprint == value


def known_as(store: Store, spec: Spec) -> Spec:
    """The spec of a step of the bucket that writes the same bytes under an earlier name, else the spec itself.

    Settings that decide nothing were part of names once; the work done under those must not be done again.
    """
    if not runtime_fields(spec.kind) or store.exists(f"{spec.name}/{SPEC}"):
        return spec
    for name in Ledger(store).steps():
        with suppress(CovidCtlError):  # a damaged one: ``status`` shows it
            if name.startswith(f"{spec.kind}-"):
                found = Artifact.open(store, name).spec
                if replace(found, settings=decisive(found.settings)).sha256 == spec.sha256:
                    return found
    return spec


def newest_complete(store: Store, kind: Kind, fits: Callable[[Spec], bool]) -> str | None:
    """The name of the complete step of a kind that finished last, of those that fit."""
    ledger = Ledger(store)

    def finished_at(manifest: Manifest) -> tuple[float, str]:
        events = ledger.events(manifest.name)
        return max((e.at for e in events if e.type is EventType.SUCCEEDED), default=0.0), manifest.name

    fitting = [manifest for manifest in complete_artifacts(store, kind) if fits(manifest.spec)]
    return max(fitting, key=finished_at).name if fitting else None


def newest_under_way(store: Store, kind: Kind, fits: Callable[[Spec], bool]) -> str | None:
    """The name of the step of a kind, submitted last and not ended yet, of those that fit."""
    ledger = Ledger(store)
    found = []
    for name in ledger.steps():
        with suppress(CovidCtlError):  # a damaged one: ``status`` shows it
            if not name.startswith(f"{kind}-") or not History(events := ledger.events(name)).is_under_way:
                continue
            if fits(Artifact.open(store, name).spec) and not is_complete(store, name):
                found.append((events[0].at, name))
    return max(found, default=(0.0, None))[1]


def newest_with_report(store: Store) -> str | None:
    """The name of the newest complete step that leaves a report."""
    kinds = [kind for kind, declared in KINDS.items() if declared.leaves_report]
    found = (newest_complete(store, kind, lambda _: True) for kind in kinds)
    return next(filter(None, found), None)


def is_under_way(store: Store, name: str) -> bool:
    """Whether the step was submitted and, as far as is known, has not ended."""
    return History(Ledger(store).events(name)).is_under_way


def complete_artifacts(store: Store, kind: Kind | None = None) -> list[Manifest]:
    """The complete artifacts, of one kind or all, by name. A damaged one is passed over: ``status`` shows it."""
    found = []
    for name in Ledger(store).steps():
        if kind and not name.startswith(f"{kind}-"):
            continue
        try:
            manifest = Artifact.open(store, name).manifest()
        except CovidCtlError:
            continue
        if manifest:
            found.append(manifest)
    return found
