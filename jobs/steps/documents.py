"""How later steps read what ``ingest`` wrote."""

from __future__ import annotations

from collections.abc import Iterator

from jobs.artifact import Artifact, Output
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.shards import read_documents
from jobs.layout import DOCUMENTS, HELD_OUT
from jobs.steps.context import StepContext


class Documents:
    """The documents of a complete ``ingest`` step. Raises ``InputNotCompleteError`` when it is not."""

    def __init__(self, context: StepContext) -> None:
        self._scratch = context.scratch
        self._artifact = Artifact.open(context.store, context.artifact.spec.inputs["documents"])
        manifest = self._artifact.require()
        self.shards: tuple[Output, ...] = manifest.under(DOCUMENTS)
        self.total: int = manifest.counts["documents"]["kept"]
        self.held_out = frozenset(self._artifact.read(manifest.output(HELD_OUT)).decode().split("\n"))
        """cord_uids whose documents are for validation only."""

    def read(self, shard: int) -> Iterator[Document]:
        """One shard's documents, in order, one in memory at a time."""
        staged = self._scratch / "documents.jsonl.gz"
        self._artifact.download(self.shards[shard], staged)
        yield from read_documents(staged)
