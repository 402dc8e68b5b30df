"""Learn a WordPiece vocabulary from the training documents."""

from __future__ import annotations

import time
from collections.abc import Iterator

from jobs.corpus.cleaning.clean_document import document_sentences
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.guard import check_quarantined
from jobs.corpus.documents.quarantine import Quarantined
from jobs.examples.learning import learn_vocabulary
from jobs.layout import VOCABULARY
from jobs.steps.context import StepContext
from jobs.steps.documents import Documents, max_quarantined_share, write_quarantined
from jobs.steps.screened import ScreenedOut


def run(context: StepContext) -> None:
    """Writes ``vocab.txt``. Documents that are screened or held out have no say in it: training never sees them."""
    started = time.monotonic()
    artifact = context.artifact
    settings = artifact.spec.settings
    documents = Documents(context)
    screened_out = ScreenedOut(context)
    heartbeat = context.heartbeat("documents")
    read = 0
    quarantined: list[Quarantined] = []

    def clean(document: Document) -> list[str]:
        return document_sentences(document, settings["sections"])

    def sentences() -> Iterator[str]:
        nonlocal read
        for shard in range(len(documents.shards)):
            ignored = documents.held_out | screened_out.of_shard(shard).keys()
            guard = documents.guard(shard)
            for document in documents.read(shard):
                context.check_stop()
                read += 1
                heartbeat.beat(read, documents.total)
                if document.cord_uid not in ignored:
                    yield from guard.run(document, clean) or ()
            quarantined.extend(guard.quarantined)

    vocabulary = learn_vocabulary(sentences(), settings["learn"], cased=settings.get("cased", True))
    check_quarantined(len(quarantined), read, max_quarantined_share(artifact), artifact.name)
    outputs = [artifact.write(VOCABULARY, vocabulary.to_bytes())]
    outputs += write_quarantined(artifact, context.shard, quarantined)
    counts = {"documents": {"read": read, "quarantined": len(quarantined)}, "entries": len(vocabulary)}
    artifact.commit(context.shard, outputs, counts=counts, seconds=time.monotonic() - started)
