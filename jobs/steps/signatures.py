"""``signatures``: one shard of documents, filtered, and a MinHash signature of each that is left.

signatures/00000.bin ...   see ``jobs.corpus.screening.signature_shards``
"""

from __future__ import annotations

import time

from jobs.corpus.screening.screening import Screening
from jobs.corpus.screening.signature_shards import encode
from jobs.recipe import Filters
from jobs.steps.context import StepContext
from jobs.steps.documents import Documents


def run(context: StepContext) -> None:
    """Reads the shard once; holds one document at a time and 256 bytes of each that passes."""
    started = time.monotonic()
    artifact, shard = context.artifact, context.shard
    screening = Screening(Filters.model_validate(artifact.spec.settings))
    documents = Documents(context)
    heartbeat = context.heartbeat("documents")
    # A shard's share of the corpus; its own number of documents is known once it is read.
    expected = -(-documents.total // len(documents.shards))
    done = 0
    for done, document in enumerate(documents.read(shard), 1):
        context.check_stop()
        screening.add(document)
        heartbeat.beat(done, max(done + 1, expected))
    heartbeat.beat(done, done)
    output = artifact.write(f"signatures/{shard:05d}.bin", encode(screening.shard()))
    artifact.commit(shard, [output], counts=screening.counts(), seconds=time.monotonic() - started)
