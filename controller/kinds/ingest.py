"""``ingest``: the corpus as released becomes documents, in shards of even size."""

from __future__ import annotations

from controller.kinds.declaration import CORPUS, StepKind, TextWork
from controller.profiles.profile import Role
from jobs.artifact import Counts, Manifest
from jobs.ranges import Range
from jobs.spec import Kind


def summary(manifest: Manifest) -> str:
    documents = manifest.counts["documents"]
    dropped = sum(documents["dropped"].values())
    text = (
        f"{documents['kept']:,} documents kept, {dropped:,} dropped, "
        f"{documents['quarantined']:,} quarantined of {documents['read']:,}"
    )
    if full_texts := _full_texts(manifest.counts):
        text += f"; {full_texts}"
    rows = manifest.counts.get("rows", {}).get("quarantined", 0)
    return f"{text}; {rows:,} rows quarantined" if rows else text


def _full_texts(counts: Counts) -> str:
    """Only a corpus that has parses says so; a corpus of one's own is its text."""
    if "parse_files" not in counts:
        return ""
    return f"full text of {counts['full_texts']:,} of {counts['documents']['kept']:,}"


KIND = StepKind(
    Kind.INGEST,
    command=Kind.PREPROCESS,
    role=Role.WORKER,
    inputs=(CORPUS,),
    shard_setting="document_shards",
    # Measured, like those of the other data steps, in November 2026 on 607 papers of CORD-19 (10.6 MB of text, a dupe
    # factor of 5, one shard). A cloud's vCPU is about half such a core, and a bucket farther away than a disk.
    work=lambda _: TextWork(Range(0.1, 0.3)),
    summary=summary,
)
