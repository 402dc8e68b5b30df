"""How later steps learn which documents are not trained on: from the ``signatures`` of all shards."""

from __future__ import annotations

from collections.abc import Mapping

from jobs.artifact import Artifact
from jobs.corpus.screening import screened_out
from jobs.corpus.signature_shards import decode, joined
from jobs.steps.context import StepContext


def read_screened_out(context: StepContext) -> Mapping[str, str]:
    """cord_uid -> why, over the whole corpus: the same for every step and shard that asks.

    Raises ``MissingObjectError`` when the ``signatures`` step is not complete.
    """
    spec = context.artifact.spec
    artifact = Artifact.open(context.store, spec.inputs["signatures"])
    manifest = artifact.require()
    shards = (decode(artifact.read(output)) for output in manifest.under("signatures"))
    corpus = joined(shards, manifest.counts["documents"]["kept"])
    return screened_out(corpus, spec.settings["near_duplicate_similarity"])
