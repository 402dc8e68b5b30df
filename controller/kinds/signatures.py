"""``signatures``: one shard of documents, filtered, and a MinHash signature of each that is left."""

from __future__ import annotations

from controller.kinds.declaration import FromStep, StepKind, TextWork, shards_asked_for
from controller.profiles.pool import Role
from jobs.artifact import Manifest
from jobs.ranges import Range
from jobs.spec import Kind


def summary(manifest: Manifest) -> str:
    documents = manifest.counts["documents"]
    dropped = "".join(f", {count:,} dropped by {why}" for why, count in documents["dropped"].items())
    failed = documents.get("quarantined", 0)
    quarantined = f", {failed:,} quarantined" if failed else ""
    return f"{documents['kept']:,} of {documents['read']:,} documents pass{dropped}{quarantined}"


KIND = StepKind(
    Kind.SIGNATURES,
    command=Kind.PREPROCESS,
    role=Role.WORKER,
    inputs=(FromStep("documents", Kind.INGEST, named_by="documents"),),
    shards=shards_asked_for,
    work=lambda _: TextWork(Range(0.1, 0.3)),
    summary=summary,
)
