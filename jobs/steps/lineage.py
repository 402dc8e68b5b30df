"""The steps behind an embedder, whether it was tuned from a pretrained model or is the control of one."""

from __future__ import annotations

from dataclasses import dataclass

from jobs.steps.inputs import CompleteStep
from jobs.store import Store


@dataclass(frozen=True)
class Lineage:
    """Complete steps, all of them."""

    embedder: CompleteStep
    examples: CompleteStep
    """The ``preprocess`` step whose documents and vocabulary the embedder has."""
    pretrain: CompleteStep | None
    """None: the embedder was tuned without pretraining."""
    checkpoint: CompleteStep | None
    """The published weights that all began with; None: random ones."""

    @classmethod
    def of(cls, store: Store, name: str) -> Lineage:
        """The lineage of a ``tune`` or ``control`` step."""
        embedder = CompleteStep(store, name)
        pretrain = embedder.input("pretrain") if "pretrain" in embedder.manifest.spec.inputs else None
        first = pretrain or embedder
        initial = "initial_checkpoint" in first.manifest.spec.inputs
        return cls(embedder, first.input("examples"), pretrain, first.input("initial_checkpoint") if initial else None)
