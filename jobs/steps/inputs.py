"""Complete steps that a step reads, found along the lineage."""

from __future__ import annotations

from jobs.artifact import Artifact, Manifest
from jobs.store import Store


class CompleteStep:
    """A complete step by name. Raises ``InputNotCompleteError`` while it is not complete."""

    def __init__(self, store: Store, name: str) -> None:
        self.artifact = Artifact.open(store, name)
        self.manifest: Manifest = self.artifact.require()

    @property
    def name(self) -> str:
        return self.artifact.name

    def read(self, path: str) -> bytes:
        """One of its outputs, verified. Raises ``ConfigurationError`` when it has none there."""
        return self.artifact.read(self.manifest.output(path))

    def input(self, name: str) -> CompleteStep:
        """The complete step that this one read as its input ``name``."""
        return CompleteStep(self.artifact.store, self.manifest.spec.inputs[name])
