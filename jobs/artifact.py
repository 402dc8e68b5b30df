"""The commit protocol: how a step's output becomes visible exactly once.

    <name>/spec.json               what was asked for; created before the first container
    <name>/...                     output objects, written first, each atomically
    <name>/shards/00012.json       the shard's record; created if absent, so one writer wins
    <name>/manifest.json           created if absent once every shard has its record
    <name>/progress/00012.json     heartbeats; they decide nothing

Output bytes follow from the spec and the shard alone, so a loser's copy equals the winner's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from jobs.errors import ConfigurationError, DamagedError, InputNotCompleteError, MissingObjectError
from jobs.layout import MANIFEST, SHARDS, SPEC, shard_of, shard_record
from jobs.records import Counts, Manifest, Output, ShardRecord, add_counts
from jobs.spec import VERSIONS, Kind, Spec, canonical
from jobs.store import Store
from jobs.validation import nearest

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


class Artifact:
    """One step's directory in the bucket."""

    def __init__(self, store: Store, spec: Spec) -> None:
        self.store = store
        self.spec = spec
        self.name = spec.name

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
        if self.store.create(self.path(SPEC), _pretty(self.spec.to_json())):
            return True
        if Artifact.open(self.store, self.name).spec.sha256 != self.spec.sha256:
            raise ConfigurationError(self.name, "another step has this name", "submit it again with --fresh")
        return False

    def path(self, relative: str) -> str:
        return f"{self.name}/{relative}"

    def write(self, relative: str, data: bytes) -> Output:
        """Write an output object."""
        output = Output(relative, len(data), crc32c(data))
        self.store.put(self.path(relative), data)
        return output

    def upload(self, relative: str, source: Path) -> Output:
        """Write an output object from a local file of any size."""
        self.store.upload(self.path(relative), source)
        return Output(relative, source.stat().st_size, file_crc32c(source))

    def stream(self, relative: str, parts: Iterable[bytes]) -> Output:
        """Write an output object from memory, part by part."""
        import google_crc32c

        checksum, size = google_crc32c.Checksum(), 0

        def summed() -> Iterator[bytes]:
            nonlocal size
            for part in parts:
                checksum.update(part)
                size += len(part)
                yield part

        self.store.stream(self.path(relative), summed())
        return Output(relative, size, checksum.hexdigest().decode())

    def read(self, output: Output) -> bytes:
        """One output, whole. Raises ``DamagedError`` when it is not what was committed, or gone."""
        try:
            data = self.store.get(self.path(output.path))
        except MissingObjectError as error:
            raise self._gone(output) from error
        self._verify(output, len(data), crc32c(data))
        return data

    def download(self, output: Output, target: Path) -> None:
        """One output to a local file. Raises ``DamagedError`` when it is not what was committed, or gone."""
        try:
            self.store.download(self.path(output.path), target)
        except MissingObjectError as error:
            raise self._gone(output) from error
        self._verify(output, target.stat().st_size, file_crc32c(target))

    def _gone(self, output: Output) -> DamagedError:
        return self.store.damaged(self.path(output.path), "it was committed, and it is gone")

    def _verify(self, output: Output, size: int, checksum: str) -> None:
        if (size, checksum) != (output.size, output.crc32c):
            raise DamagedError(
                f"{self.store.location}/{self.path(output.path)}",
                f"{size} bytes with crc32c {checksum}, its record says {output.size} with {output.crc32c}",
                "the object was changed after it was committed: run its step again with --fresh",
            )

    def record(self, shard: int) -> ShardRecord | None:
        """The shard's record, or None before it is committed."""
        return self.store.find_record(ShardRecord, self.path(shard_record(shard)))

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
            self.spec.sha256, shard, tuple(outputs), counts or {}, dict(facts or {}), round(seconds, 3)
        )
        return self.store.create(self.path(shard_record(shard)), _pretty(asdict(record)))

    def finish(self, finalize: Finalize | None = None) -> bool:
        """Create the manifest if every shard has its record; False while some have not.

        ``finalize`` is given the whole. It may refuse it by raising: then no manifest is written. And it may
        write outputs of the whole, which the manifest then lists after the shards': several workers can
        arrive here at once, so these bytes too follow from the spec alone.
        """
        if len(self.shards_done()) < self.spec.shards:
            return False
        records = [self.record(shard) for shard in range(self.spec.shards)]
        complete = [r for r in records if r is not None]
        if len(complete) < self.spec.shards:
            return False
        manifest = Manifest(
            name=self.name,
            spec=self.spec,
            outputs=tuple(o for r in complete for o in r.outputs),
            counts=add_counts(r.counts for r in complete),
            facts=complete[0].facts,
            seconds=round(sum(r.seconds for r in complete), 3),
        )
        if finalize:
            manifest = replace(manifest, outputs=(*manifest.outputs, *finalize(self, manifest)))
        self.store.create(self.path(MANIFEST), _pretty({**asdict(manifest), "spec": self.spec.to_json()}))
        return True

    def manifest(self) -> Manifest | None:
        """The manifest, or None while the step is not complete."""
        return self.store.find_record(Manifest, self.path(MANIFEST))

    def require(self) -> Manifest:
        """The manifest. Raises ``InputNotCompleteError`` while the step is not complete."""
        manifest = self.manifest()
        if manifest is None:
            raise InputNotCompleteError(self.name, "it is not complete", f"covid-ctl status {self.name}")
        return manifest


def is_complete(store: Store, name: str) -> bool:
    """Whether the step has its manifest, which is what complete means."""
    return store.exists(f"{name}/{MANIFEST}")


def incomplete(store: Store, names: Iterable[str]) -> tuple[str, ...]:
    """Those of the artifacts that are not complete."""
    return tuple(name for name in names if not is_complete(store, name))


def crc32c(data: bytes) -> str:
    import google_crc32c  # a container's dependency: the controller reads artifacts without it

    return f"{google_crc32c.value(data):08x}"


def file_crc32c(path: Path) -> str:
    import google_crc32c

    checksum = google_crc32c.Checksum()
    with path.open("rb") as file:
        for _ in checksum.consume(file, 1 << 20):
            pass
    return str(checksum.hexdigest().decode())


def _pretty(value: object) -> bytes:
    return json.dumps(json.loads(canonical(value)), indent=1, sort_keys=True, ensure_ascii=False).encode() + b"\n"
