"""Reads the output of ``ingest`` for later steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from jobs.artifact import Artifact, Output
from jobs.corpus.documents.document import Document
from jobs.corpus.documents.guard import DocumentGuard
from jobs.corpus.documents.quarantine import Quarantined
from jobs.corpus.documents.shards import read_documents
from jobs.layout import DOCUMENTS, HELD_OUT, QUARANTINED
from jobs.steps.context import StepContext


class Documents:
    """The documents of a complete ``ingest`` step. Raises ``InputNotCompleteError`` when it is not."""

    def __init__(self, context: StepContext, name: str = "") -> None:
        """``name`` is that step's; by default the one that this step reads."""
        self._scratch = context.scratch
        self._artifact = Artifact.open(context.store, name or context.artifact.spec.inputs["documents"])
        manifest = self._artifact.require()
        self.shards: tuple[Output, ...] = manifest.under(DOCUMENTS)
        self.total: int = manifest.counts["documents"]["kept"]
        self.held_out = frozenset(self._artifact.read(manifest.output(HELD_OUT)).decode().split("\n"))
        """cord_uids whose documents are for validation only."""
        self._check_stop = context.check_stop

    def read(self, shard: int) -> Iterator[Document]:
        """One shard's documents, in order, one in memory at a time."""
        staged = self._scratch / "documents"
        self._artifact.download(self.shards[shard], staged)
        yield from read_documents(staged)

    def guard(self, shard: int) -> DocumentGuard:
        """Names the shard's file where one of its documents fails."""
        return DocumentGuard(f"{self._artifact.name}/{self.shards[shard].path}", self._check_stop)


def max_quarantined_share(artifact: Artifact) -> float:
    """As it was set for the ``ingest`` step that ``artifact`` reads."""
    ingest = Artifact.open(artifact.store, artifact.spec.inputs["documents"])
    return float(ingest.spec.settings["max_quarantined_share"])


def write_quarantined(artifact: Artifact, shard: int, quarantined: Sequence[Quarantined]) -> list[Output]:
    """The list of a shard's documents that failed; no object where none did."""
    if not quarantined:
        return []
    lines = b"".join(entry.to_json_line() for entry in quarantined)
    return [artifact.write(f"{QUARANTINED}/{shard:05d}.jsonl", lines)]
