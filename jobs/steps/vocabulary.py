"""Learn a WordPiece vocabulary from the training documents, or append their words to a published one.

vocab.txt          the vocabulary
extension.json     of an extended one: the words that were added, and how words are cut before and after
quarantine/        documents that failed, and why; only where some did
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from itertools import chain

from jobs.artifact import Counts, Output
from jobs.corpus.cleaning.clean_document import document_sentences
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.guard import check_quarantined
from jobs.corpus.documents.quarantine import Quarantined
from jobs.examples.extension import Extension, extend_vocabulary
from jobs.examples.learning import learn_vocabulary
from jobs.layout import EXTENSION, VOCABULARY
from jobs.named_vocabulary import read_vocabulary
from jobs.steps.context import StepContext
from jobs.steps.documents import Documents, max_quarantined_share, write_quarantined
from jobs.steps.screened import ScreenedOut
from jobs.vocabulary import Vocabulary


class TrainingSentences:
    """The cleaned sentences of each training document. Screened and held-out documents are not among them."""

    def __init__(self, context: StepContext, beat: Callable[[int, int], None] = lambda _done, _total: None) -> None:
        self._context = context
        self._beat = beat
        self.read = 0
        """Documents read, whether or not they are trained on."""
        self.quarantined: list[Quarantined] = []

    def __iter__(self) -> Iterator[list[str]]:
        context, sections = self._context, self._context.artifact.spec.settings["sections"]
        documents, screened_out = Documents(context), ScreenedOut(context)

        def clean(document: Document) -> list[str]:
            return document_sentences(document, sections)

        for shard in range(len(documents.shards)):
            ignored = documents.held_out | screened_out.of_shard(shard).keys()
            with documents.guard(shard) as guard:
                for document in documents.read(shard):
                    context.check_stop()
                    self.read += 1
                    self._beat(self.read, documents.total)
                    if document.cord_uid not in ignored:
                        yield guard.run(document, clean) or []
            self.quarantined.extend(guard.quarantined)


def run(context: StepContext) -> None:
    """Writes the vocabulary. Raises ``ConfigurationError`` where too few words qualify to extend one."""
    started = time.monotonic()
    artifact, settings = context.artifact, context.artifact.spec.settings
    sentences = TrainingSentences(context, context.heartbeat("documents").beat)
    outputs: list[Output] = []
    counts: Counts = {}
    if "extend" in settings:
        base = read_vocabulary(context.store, artifact.spec.inputs["base"])
        extension = extended(context, base, sentences)
        vocabulary = extension.vocabulary
        outputs.append(artifact.write(EXTENSION, json.dumps(extension.to_json(), indent=1).encode() + b"\n"))
        counts["added"] = len(extension.added)
    else:
        vocabulary = _learned(context, sentences)
    check_quarantined(len(sentences.quarantined), sentences.read, max_quarantined_share(artifact), artifact.name)
    outputs.append(artifact.write(VOCABULARY, vocabulary.to_bytes()))
    outputs += write_quarantined(artifact, context.shard, sentences.quarantined)
    counts["documents"] = {"read": sentences.read, "quarantined": len(sentences.quarantined)}
    counts["entries"] = len(vocabulary)
    artifact.commit(context.shard, outputs, counts=counts, seconds=time.monotonic() - started)


def _learned(context: StepContext, sentences: TrainingSentences) -> Vocabulary:
    settings = context.artifact.spec.settings
    return learn_vocabulary(chain.from_iterable(sentences), settings["learn"], cased=settings.get("cased", True))


def extended(context: StepContext, base: Vocabulary, sentences: TrainingSentences) -> Extension:
    """The base vocabulary with the words that the spec asks for. Writes nothing."""
    settings = context.artifact.spec.settings
    add, min_documents = settings["extend"]["add"], settings["extend"]["min_documents"]
    return extend_vocabulary(base, sentences, add, min_documents, cased=settings.get("cased", True))
