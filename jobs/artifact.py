"""The commit protocol: how a step's output becomes visible exactly once.

    <name>/spec.json               what was asked for; created before the first container
    <name>/...                     output objects, written first, each created once and never written over
    <name>/shards/00012.json       the shard's record; created if absent, so one writer wins
    <name>/manifest.json           created if absent once every shard has its record and every output is there
    <name>/progress/00012.json     heartbeats; they decide nothing

Output bytes follow from the spec and the shard alone, so a loser's copy equals the winner's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from jobs.editions import pretty
from jobs.errors import (
    ConfigurationError,
    InputNotCompleteError,
    Interrupted,
    StoreError,
)
from jobs.layout import (
    MANIFEST,
    SHARDS,
    SPEC,
    current_edition,
    edition_folder,
    removal_mark,
    shard_of,
    shard_record,
)
from jobs.nearest import nearest
from jobs.output_objects import OutputFolder
from jobs.records import Counts, Manifest, Output, ShardRecord, add_counts
from jobs.seal import sealed
from jobs.software import this_software
from jobs.spec import VERSIONS, Kind, Spec
from jobs.store import Store

__all__ = [
    "Artifact",
    "Counts",
    "Finalize",
    "Manifest",
    "Output",
    "ShardRecord",
    "add_counts",
    "incomplete",
    "is_complete",
]

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def no_such_step(store: Store, name: str) -> ConfigurationError:
    """With the nearest name that is there."""
    known = [folder for folder in store.folders() if folder.partition("-")[0] in set(Kind) and folder != name]
    return ConfigurationError(name, f"no such step in {store.location}{nearest(name, known)}", "covid-ctl status")


Finalize = Callable[["Artifact", Manifest], Iterable[Output]]
"""What a step does once all its shards are there, before it is complete."""


class Artifact(OutputFolder):
    """One step: what was asked for, the record of each shard, and the manifest that makes it complete."""

    def __init__(self, store: Store, spec: Spec) -> None:
        super().__init__(store, spec.name)
        self.spec = spec

    @classmethod
    def open(cls, store: Store, name: str) -> Artifact:
        """The artifact that was submitted under ``name``; it need not be complete.

        Raises ``ConfigurationError`` when nothing was, or when this code writes another version.
        """
        # A name is a folder's: anything else would reach for other objects.
        spec = store.find_record(Spec, f"{name}/{SPEC}") if _NAME.fullmatch(name) else None
        if spec is None:
            raise no_such_step(store, name)
        if spec.name != name:
            raise ConfigurationError(name, f"its {SPEC} describes {spec.name}", "submit it again under its own name")
        return cls(store, spec)

    def check_version(self) -> None:
        """Raises ``ConfigurationError`` when this code would write other bytes than was asked for."""
        ours = VERSIONS[self.spec.kind]
        if self.spec.version != ours:
            raise ConfigurationError(
                self.name,
                f"it was submitted for version {self.spec.version} of {self.spec.kind}, this code is {ours}",
                "submit it again with this version of covid-ctl",
            )

    def submit(self) -> bool:
        """Record what is asked for; says whether this call was the first to.

        Raises ``ConfigurationError`` when another spec has taken the name (8 hex digits can collide).
        """
        if self.store.create(f"{self.name}/{SPEC}", pretty(self.spec.to_json())):
            return True
        if Artifact.open(self.store, self.name).spec.sha256 != self.spec.sha256:
            raise ConfigurationError(self.name, "another step has this name", "submit it again with --fresh")
        return False

    def record(self, shard: int) -> ShardRecord | None:
        """The shard's record, or None before it is committed."""
        return self.store.find_record(ShardRecord, self.path(shard_record(shard)))

    def withdraw(self, shard: int) -> None:
        """Remove a shard's record, so that the shard is made again."""
        self.store.delete(self.path(shard_record(shard)))

    def shards_done(self) -> list[int]:
        """Indexes of the shards that have their record, in order."""
        found = (shard_of(info.path) for info in self.store.objects(self.path(SHARDS)))
        return [shard for shard in found if shard is not None and shard < self.spec.shards]

    def commit(
        self,
        shard: int,
        outputs: Iterable[Output],
        *,
        counts: Counts | None = None,
        facts: Mapping[str, Any] | None = None,
        seconds: float = 0.0,
    ) -> bool:
        """Create the shard's record; False when another worker had already."""
        record = ShardRecord(
            self.spec.sha256,
            shard,
            tuple(outputs),
            counts or {},
            dict(facts or {}),
            round(seconds, 3),
            dict(this_software()),
        )
        self.store.settle(map(self.object_path, record.outputs))
        path = self.path(shard_record(shard))
        created = self.store.create(path, sealed({**asdict(record), "outputs": _outputs(record.outputs)}))
        self.store.settle([path])
        return created

    def make(self, shard: int, run: Callable[[], None], finalize: Finalize | None = None) -> bool:
        """What a worker does: ``run``, which commits the shard, unless that is done, then ``finish``.

        A worker may have died between its shard's record and the manifest: then only the manifest is due.
        """
        record = self.record(shard)
        if record and self.lacks(record.outputs):
            self.withdraw(shard)
            record = None
        if record is None:
            run()
        return self.finish(finalize)

    def finish(self, finalize: Finalize | None = None) -> bool:
        """Create the manifest if every shard has its record; False while some have not.

        ``finalize`` is given the whole. It may refuse it by raising: then no manifest is written. And it may
        write outputs of the whole, which the manifest then lists after the shards': several workers can
        arrive here at once, so these bytes too follow from the spec alone.

        Raises ``StoreError`` when an output that a record lists is gone: the record is withdrawn and the shard has to
        be made again. Raises ``Interrupted`` when the edition was removed meanwhile.
        """
        if len(self.shards_done()) < self.spec.shards:
            return False
        records = [self.record(shard) for shard in range(self.spec.shards)]
        complete = [r for r in records if r is not None]
        if len(complete) < self.spec.shards:
            return False
        self._check_outputs(complete)
        manifest = Manifest(
            name=self.name,
            spec=self.spec,
            outputs=tuple(o for r in complete for o in r.outputs),
            counts=add_counts(r.counts for r in complete),
            facts=complete[0].facts,
            seconds=round(sum(r.seconds for r in complete), 3),
            software=complete[0].software,
        )
        if finalize:
            manifest = replace(manifest, outputs=(*manifest.outputs, *finalize(self, manifest)))
        self.store.settle(map(self.object_path, manifest.outputs))
        path = self.path(MANIFEST)
        self.store.create(
            path, sealed({**asdict(manifest), "spec": self.spec.to_json(), "outputs": _outputs(manifest.outputs)})
        )
        self.store.settle([path])
        if self.is_removed():
            raise Interrupted(self.name, "covid-ctl gc removed it while it was made", "submit it again")
        return True

    def _check_outputs(self, records: Sequence[ShardRecord]) -> None:
        sizes = {info.path: info.size for info in self.store.objects(self.path("").rstrip("/"))}
        lacking: list[str] = []
        for record in records:
            missed = [output for output in record.outputs if sizes.get(self.object_path(output)) != output.size]
            # A listing may lag on some file systems: what decides is to ask for the object.
            if gone := self.lacks(missed):
                self.withdraw(record.shard)
                lacking += [output.path for output in gone]
        if lacking and self.is_removed():
            raise Interrupted(self.name, "covid-ctl gc removed it while it was made", "submit it again")
        if lacking:
            more = f" and {len(lacking) - 3} more" if len(lacking) > 3 else ""
            reason = f"{', '.join(lacking[:3])}{more}: committed, and no longer there"
            raise StoreError(self.name, reason, "submit it again: what is missing is made again")

    def manifest(self) -> Manifest | None:
        """The manifest, or None while the step is not complete."""
        files = self._files()
        if removal_mark(self.edition) in files or (self.edition == 1 and MANIFEST not in files):
            return None
        found = self.store.find_record(Manifest, self.path(MANIFEST))
        # Its name is used as a folder's from here on.
        if found and (found.name, found.spec) != (self.name, self.spec):
            raise self.store.damaged(self.path(MANIFEST), f"it describes another step, {found.name}")
        return found

    def require(self) -> Manifest:
        """The manifest. Raises ``InputNotCompleteError`` while the step is not complete."""
        manifest = self.manifest()
        if manifest is None:
            raise InputNotCompleteError(self.name, "it is not complete", f"covid-ctl status {self.name}")
        return manifest


def is_complete(store: Store, name: str) -> bool:
    """Whether the step has its manifest, which is what complete means."""
    files = store.files(name)
    edition = current_edition(files)
    return MANIFEST in files if edition == 1 else store.exists(f"{edition_folder(name, edition)}/{MANIFEST}")


def incomplete(store: Store, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the artifacts that are not complete."""
    return tuple(name for name in names if not is_complete(store, name))


def _outputs(outputs: Iterable[Output]) -> list[dict[str, object]]:
    """As JSON, without the place that hardly any has."""
    return [{name: value for name, value in asdict(output).items() if value != ""} for output in outputs]
