"""What the bucket says of an artifact: the record of each shard, and the manifest of the whole."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from pydantic.dataclasses import dataclass

from jobs.errors import ConfigurationError
from jobs.spec import Spec
from jobs.validation import RECORD, Seconds, WholeNumber

Counts = dict[str, Any]
"""Nested dictionaries of whole numbers; shards' counts add up to the artifact's."""


def check_path(path: str) -> str:
    if any(part in ("", ".", "..") for part in path.split("/")):
        raise ValueError("it leads out of the artifact")
    return path


def _check_place(place: str) -> str:
    return place and check_path(place)


def _check_counts(counts: Counts, place: str = "") -> Counts:
    for key, value in counts.items():
        if isinstance(value, dict):
            _check_counts(value, f"{place}{key}.")
        elif not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{place}{key} is no whole number")
    return counts


@dataclass(frozen=True, config=RECORD)
class Output:
    """One object of an artifact; ``path`` is relative to the artifact."""

    path: Annotated[str, AfterValidator(check_path)]
    size: WholeNumber
    crc32c: Annotated[str, Field(pattern="^[0-9a-f]{8}$")]
    """Castagnoli's CRC of the whole object."""
    place: Annotated[str, AfterValidator(_check_place)] = ""
    """Where its bytes are when ``path`` was taken by others; empty, at ``path``."""


@dataclass(frozen=True, config=RECORD)
class ShardRecord:
    """What one shard wrote. ``facts`` are results that do not add up (scores, say): index 0 only."""

    spec_sha256: str
    shard: WholeNumber
    outputs: tuple[Output, ...]
    counts: Annotated[Counts, AfterValidator(_check_counts)] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    seconds: Seconds = 0.0
    software: dict[str, str] = field(default_factory=dict)
    """What wrote it, as ``jobs.software`` names it; empty in records of before it was noted."""


@dataclass(frozen=True, config=RECORD)
class Manifest:
    """A complete artifact: its existence is what completion means."""

    name: str
    spec: Spec
    outputs: tuple[Output, ...]
    counts: Annotated[Counts, AfterValidator(_check_counts)]
    facts: dict[str, Any]
    seconds: Seconds
    """Work time of all shards together."""
    software: dict[str, str] = field(default_factory=dict)
    """What wrote the first shard."""

    def under(self, folder: str) -> tuple[Output, ...]:
        """The outputs below one folder, by path: files of numbered shards in their order, whoever wrote which."""
        found = (output for output in self.outputs if output.path.startswith(folder + "/"))
        return tuple(sorted(found, key=lambda output: output.path))

    def find(self, path: str) -> Output | None:
        """The output at ``path``, if the artifact has one there."""
        return next((output for output in self.outputs if output.path == path), None)

    def output(self, path: str) -> Output:
        """The output at ``path``. Raises ``ConfigurationError`` when the artifact has none there."""
        if output := self.find(path):
            return output
        raise ConfigurationError(self.name, f"it has no output {path}", "submit it again with --fresh")


def add_counts(parts: Iterable[Counts]) -> Counts:
    """The sum of nested counts, keys sorted."""
    total: Counts = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, dict):
                total[key] = add_counts([total.get(key, {}), value])
            else:
                total[key] = total.get(key, 0) + value
    return dict(sorted(total.items()))
