"""How later steps read what ``ingest`` wrote."""

from __future__ import annotations

import gzip
from collections.abc import Iterator

from jobs.artifact import Artifact, Manifest, Output
from jobs.corpus.document import Document
from jobs.spec import Spec
from jobs.store import Store


class Documents:
    """The documents of a complete ``ingest`` step. Raises ``MissingObjectError`` when it is not."""

    def __init__(self, store: Store, spec: Spec) -> None:
        self._artifact = Artifact.open(store, spec.inputs["documents"])
        self._manifest: Manifest = self._artifact.require()
        self.shards: tuple[Output, ...] = self._manifest.under("documents")
        self.total: int = self._manifest.counts["documents"]["kept"]
        held_out = next(o for o in self._manifest.outputs if o.path == "held_out.txt")
        self.held_out = frozenset(self._artifact.read(held_out).decode().split())
        """cord_uids whose documents are for validation only."""

    def read(self, shard: int) -> Iterator[Document]:
        """One shard's documents, in order."""
        for line in gzip.decompress(self._artifact.read(self.shards[shard])).splitlines():
            yield Document.from_json_line(line)
