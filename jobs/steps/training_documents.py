"""The documents that a model's examples were made of, for the steps that come after it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from jobs.corpus.documents.document import Document
from jobs.steps.context import StepContext
from jobs.steps.documents import Documents
from jobs.steps.inputs import CompleteStep
from jobs.steps.screened import ScreenedOut


class TrainingDocuments:
    """What passed the filters of a ``preprocess`` step; the rest is counted, by reason."""

    def __init__(self, context: StepContext, preprocess: CompleteStep) -> None:
        inputs = preprocess.manifest.spec.inputs
        self._check_stop = context.check_stop
        self._documents = Documents(context, inputs["documents"])
        self._screened = ScreenedOut(context, inputs["signatures"])
        self.shards = len(self._documents.shards)
        self.total = self._documents.total
        self.held_out = self._documents.held_out
        self.read_count = 0
        self.dropped: Counter[str] = Counter()

    def read(self, shard: int) -> Iterator[Document]:
        """One shard's documents, in order, one in memory at a time."""
        out = self._screened.of_shard(shard)
        for document in self._documents.read(shard):
            self._check_stop()
            self.read_count += 1
            if reason := out.get(document.cord_uid):
                self.dropped[reason] += 1
            else:
                yield document
