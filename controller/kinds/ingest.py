"""``ingest``: the corpus as released becomes documents, in shards of even size."""

from __future__ import annotations

from controller.kinds.declaration import CORPUS, StepKind, TextWork
from controller.profiles.pool import Role
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
    if unused := _unused(manifest.counts):
        text += f"; {unused:,} {'file' if unused == 1 else 'files'} not used"
    corpus = manifest.facts.get("corpus", {})
    if unread := corpus.get("metadata_not_read"):
        more = f" and {len(unread) - 1} more" if len(unread) > 1 else ""
        text += f"; {corpus['metadata']} was read, not {unread[0]}{more}"
    rows = manifest.counts.get("rows", {}).get("quarantined", 0)
    return f"{text}; {rows:,} rows quarantined" if rows else text


def _full_texts(counts: Counts) -> str:
    """Only a corpus that has parses says so; a corpus of one's own is its text."""
    if "parse_files" not in counts:
        return ""
    return f"full text of {counts['full_texts']:,} of {counts['documents']['kept']:,}"


_FEW_UNUSED = 0.05
"""Share of a corpus's files that may go unused without a word: a release has some that no paper names."""


def _unused(counts: Counts) -> int:
    """Files that no document is made of, where these are more than a few."""
    used = counts.get("files", 0) + counts.get("parse_files", {}).get("found", 0)
    not_read = sum(counts.get(name, 0) for name in ("other_texts", "refused_members", "unread_files"))
    unused = int(counts.get("parse_files", {}).get("unreferenced", 0) + not_read)
    return unused if unused > _FEW_UNUSED * (used + not_read) else 0


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
