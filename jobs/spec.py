"""What decides a step's output bytes, and the name that follows from it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from jobs.validation import RECORD


class Kind(StrEnum):
    """The kinds of step, in the order in which they feed each other."""

    INGEST = "ingest"
    SIGNATURES = "signatures"
    VOCABULARY = "vocabulary"
    PREPROCESS = "preprocess"
    CHECKPOINT = "checkpoint"
    PRETRAIN = "pretrain"
    EXPORT = "export"
    TUNE = "tune"
    CONTROL = "control"
    EVALUATE = "evaluate"
    EMBED = "embed"
    INDEX = "index"


SEARCHED = Kind.INDEX
"""The kind whose steps are searched: here, because a search imports none of the declarations."""

VERSIONS: Mapping[Kind, int] = {
    Kind.INGEST: 5,
    Kind.SIGNATURES: 2,
    Kind.VOCABULARY: 7,
    Kind.PREPROCESS: 8,
    Kind.CHECKPOINT: 1,
    Kind.PRETRAIN: 7,
    Kind.EXPORT: 6,
    Kind.TUNE: 4,
    Kind.CONTROL: 3,
    Kind.EVALUATE: 6,
    Kind.EMBED: 1,
    Kind.INDEX: 1,
}
"""Raised by one whenever a step would write other bytes for the same spec; a golden test watches.

A version of our own, not the package's: a release that mends a docstring must not make a
TPU run of forty hours start again under another name.
"""


def canonical(value: object) -> bytes:
    """JSON with one spelling per value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


MOST_SHARDS = 100_000

EXTENDS = "extends"
"""The input of a step that goes on from the end of another of its kind: that step's name."""
FIRST_STEP = "first_step"
"""The setting of such a step that says how many training steps were made before its own."""


# A field that is not known would be missing from the hash.
@dataclass(frozen=True, config={**RECORD, "extra": "forbid"})
class Spec:
    """Everything that decides the output of one step, and nothing else.

    ``inputs`` identify content (a fingerprint, a step's name), never a place.
    """

    kind: Kind
    settings: Mapping[str, Any]
    inputs: Mapping[str, str] = field(default_factory=dict)
    shards: Annotated[int, Field(ge=1, le=MOST_SHARDS)] = 1
    recipe: str = ""
    salt: str = ""
    """Not empty after ``--fresh``: the same work under another name."""
    version: int = 0
    label: Annotated[str, Field(pattern="^([a-z][a-z0-9]{0,15})?$")] = ""
    """A part of the name that tells people what is special about the step."""

    def __post_init__(self) -> None:
        if not self.version:
            object.__setattr__(self, "version", VERSIONS[self.kind])

    def to_json(self) -> dict[str, Any]:
        return {
            "kind": str(self.kind),
            "settings": dict(self.settings),
            "inputs": dict(self.inputs),
            "shards": self.shards,
            "recipe": self.recipe,
            "salt": self.salt,
            "version": self.version,
            **({"label": self.label} if self.label else {}),
        }

    @property
    def sha256(self) -> str:
        return hashlib.sha256(canonical(self.to_json())).hexdigest()

    @property
    def name(self) -> str:
        """``<kind>[-<recipe>][-<label>]-<8 hex>``: names the Job and the artifact directory alike."""
        return "-".join(part for part in (str(self.kind), self.recipe, self.label, self.sha256[:8]) if part)
