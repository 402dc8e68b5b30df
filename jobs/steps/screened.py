"""Reads, for later steps, which documents are not trained on: ``signatures`` decided it over the whole corpus."""

from __future__ import annotations

from jobs.artifact import Artifact
from jobs.corpus.screening.decision import Dropped, dropped_from_json
from jobs.layout import SCREENED_OUT
from jobs.steps.context import StepContext


class ScreenedOut:
    """The decision of a complete ``signatures`` step. Raises ``InputNotCompleteError`` while it is not complete."""

    def __init__(self, context: StepContext, name: str = "") -> None:
        """``name`` is that step's; by default the one that this step reads."""
        self._artifact = Artifact.open(context.store, name or context.artifact.spec.inputs["signatures"])
        self._shards = self._artifact.require().under(SCREENED_OUT)

    def of_shard(self, shard: int) -> Dropped:
        """cord_uid -> why, of one shard's documents."""
        return dropped_from_json(self._artifact.read(self._shards[shard]))
