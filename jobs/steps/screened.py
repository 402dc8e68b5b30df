"""How later steps learn which documents are not trained on: from the ``signatures`` of all shards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from jobs.artifact import Artifact, Output
from jobs.corpus.screening.screening import screened_out
from jobs.corpus.screening.signature_shards import SignatureShard, decode, joined
from jobs.steps.context import StepContext

READERS = 16
"""Objects read at a time: there are as many as shards, each small, so waiting is what reading them costs."""


def read_screened_out(context: StepContext) -> Mapping[str, str]:
    """cord_uid -> why, over the whole corpus: the same for every step and shard that asks.

    Raises ``MissingObjectError`` when the ``signatures`` step is not complete.
    """
    spec = context.artifact.spec
    artifact = Artifact.open(context.store, spec.inputs["signatures"])
    manifest = artifact.require()
    corpus = joined(_shards(artifact, manifest.under("signatures")), manifest.counts["documents"]["kept"])
    return screened_out(corpus, spec.settings["near_duplicate_similarity"])


def _shards(artifact: Artifact, outputs: Sequence[Output]) -> Iterator[SignatureShard]:
    """In order; holds ``READERS`` of them."""
    with ThreadPoolExecutor(READERS) as pool:
        for start in range(0, len(outputs), READERS):
            yield from map(decode, pool.map(artifact.read, outputs[start : start + READERS]))
