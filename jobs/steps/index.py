"""Indexing: the vectors of all documents become one searchable file.

vectors.faiss         an exact index, in the order of the embedded documents

What is searched by words is no output: its files differ from build to build, and it is built at first use from the
papers of the ``embed`` step.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from jobs.artifact import Manifest
from jobs.errors import ConfigurationError
from jobs.layout import VECTOR_INDEX, VECTORS
from jobs.sample.sample import SAMPLE
from jobs.search.engine import Mode
from jobs.search.vectors import write_index
from jobs.steps.context import StepContext
from jobs.steps.inputs import CompleteStep
from jobs.steps.lineage import Lineage


def run(context: StepContext) -> None:
    """Join the shards' vectors, and note which ranking the evaluation found best."""
    started = time.monotonic()
    artifact, inputs = context.artifact, context.artifact.spec.inputs
    embed = CompleteStep(context.store, inputs["vectors"])
    evaluate = CompleteStep(context.store, inputs["evaluation"])
    ingest = Lineage.of(context.store, embed.manifest.spec.inputs["embedder"]).examples.input("documents")
    width, papers = embed.manifest.facts["width"], embed.manifest.counts["documents"]["kept"]
    heartbeat = context.heartbeat("vectors")
    shards = embed.manifest.under(VECTORS)

    def parts() -> Iterator[NDArray[np.float16]]:
        done = 0
        for output in shards:
            context.check_stop()
            heartbeat.beat(done, papers)
            file = context.scratch / "part.npy"
            embed.artifact.download(output, file)
            part = np.load(file, allow_pickle=False)
            done += len(part)
            yield part

    if not papers:
        raise ConfigurationError(embed.name, "it has no document", "give a corpus with text that passes its filters")
    path = context.scratch / VECTOR_INDEX
    count = write_index(path, width, parts())
    if count != papers:
        raise ConfigurationError(embed.name, f"it has {count:,} vectors for {papers:,} papers", "run it with --fresh")
    mode = best_mode(evaluate.manifest.facts.get("retrieval", {}))
    facts = {"default_mode": mode, "corpus": corpus_name(ingest.manifest), "papers": count}
    artifact.commit(
        context.shard, [artifact.upload(VECTOR_INDEX, path)], facts=facts, seconds=time.monotonic() - started
    )


def corpus_name(ingest: Manifest) -> str:
    """What people call the corpus: its name and release or, of a step that did not note them, its fingerprint."""
    noted = ingest.facts.get("corpus", {})
    if noted.get("name") == SAMPLE:
        return "the built-in sample of made-up papers"
    named = " ".join(filter(None, (noted.get("name"), noted.get("release"))))
    return named or f"a corpus of fingerprint {ingest.spec.inputs.get('corpus', '')[:12]}"


def best_mode(retrieval: dict[str, dict[str, float]]) -> Mode:
    """The ranking to use unless another is asked for: BM25, unless one with vectors beat it beyond doubt.

    ``retrieval`` has the rows of the evaluation's table of title to abstract retrieval. Joining a weak ranking to BM25
    by ranks ruins BM25, so doubt decides against it.
    """
    better = {
        mode: retrieval[mode]["mrr"]
        for mode in (Mode.HYBRID, Mode.DENSE)
        if retrieval.get(mode, {}).get("beats_bm25", False)
    }
    return max(better, key=lambda mode: better[mode]) if better else Mode.BM25
