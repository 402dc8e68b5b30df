"""The complete steps that a trained model came from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jobs.artifact import Artifact, Manifest
from jobs.spec import Kind, Spec
from jobs.store import Store


@dataclass(frozen=True)
class ModelSteps:
    """Their manifests. None: there was no such step, or nobody named it."""

    ingest: Manifest
    preprocess: Manifest
    pretrain: Manifest
    signatures: Manifest | None = None
    vocabulary: Manifest | None = None
    checkpoint: Manifest | None = None
    extended: tuple[Manifest, ...] = ()
    """The finished runs that the last one goes on from, the first one first."""

    @classmethod
    def of(cls, store: Store, pretrain: str) -> ModelSteps:
        """Raises ``InputNotCompleteError`` while one of them is not complete."""
        trained = require(store, pretrain)
        examples = require(store, trained.spec.inputs["examples"])
        extended = tuple(require(store, link["name"]) for link in trained.facts.get("extends", ()))
        first = extended[0] if extended else trained

        def read_by(reader: Manifest, source: str) -> Manifest | None:
            name = reader.spec.inputs.get(source, "").partition("/")[0]
            return require(store, name) if is_step(name) else None

        return cls(
            ingest=require(store, examples.spec.inputs["documents"]),
            preprocess=examples,
            pretrain=trained,
            signatures=read_by(examples, "signatures"),
            vocabulary=read_by(examples, "vocabulary"),
            checkpoint=read_by(first, "initial_checkpoint"),
            extended=extended,
        )

    def __iter__(self) -> Iterator[Manifest]:
        """In the order in which they feed each other."""
        text = (self.ingest, self.signatures, self.vocabulary, self.preprocess)
        return (step for step in (*text, self.checkpoint, *self.extended, self.pretrain) if step)


def require(store: Store, name: str) -> Manifest:
    """The manifest of a step that is complete. Raises ``InputNotCompleteError`` when it is not."""
    return Artifact.open(store, name).require()


@dataclass(frozen=True)
class Ancestor:
    """A step that something published came from; one whose outputs were removed has no manifest any more."""

    spec: Spec
    manifest: Manifest | None

    @property
    def name(self) -> str:
        return self.spec.name


def ancestors(store: Store, *steps: Manifest | None) -> list[Ancestor]:
    """The steps, and all that they read, directly or through others, inputs first, each once."""
    found: dict[str, Ancestor] = {}

    def visit(name: str) -> None:
        if name in found:
            return
        artifact = Artifact.open(store, name)
        for value in artifact.spec.inputs.values():
            read = value.partition("/")[0]
            if is_step(read):
                visit(read)
        found[name] = Ancestor(artifact.spec, artifact.manifest())

    for step in steps:
        if step:
            visit(step.name)
    return list(found.values())


def is_step(name: str) -> bool:
    """Whether an input is another step, by the form of its name."""
    return name.partition("-")[0] in set(Kind) and "-" in name
