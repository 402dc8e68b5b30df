"""``preprocess``: documents become clean sentences and these masked training examples."""

from __future__ import annotations

from controller.kinds.declaration import FromStep, StepKind, Submission, TextWork, shards_asked_for
from controller.profiles.pool import Role
from jobs.artifact import Manifest
from jobs.layout import VOCABULARY
from jobs.ranges import Range
from jobs.spec import Kind

WORTH_SAYING = 0.001
"""Share of unknown pieces; a vocabulary that suits its text leaves a fifth of this."""
MANY_TWINS = 0.25
"""Share of documents left out as near duplicates from which on the summary says so."""


def summary(manifest: Manifest) -> str:
    examples = manifest.counts["examples"]
    made = f"{examples['train']:,} training examples, {examples['validation']:,} held out"
    unknown = manifest.counts.get("unknown_pieces", 0) / max(1, manifest.counts.get("pieces", 0))
    if unknown >= WORTH_SAYING:
        made += f", {unknown:.1%} of pieces [UNK]"
    documents = manifest.counts.get("documents", {})
    twins = documents.get("dropped", {}).get("near_duplicate", 0)
    return (
        f"{made}; {twins:,} of {documents['read']:,} documents left out as near duplicates"
        if twins and twins >= MANY_TWINS * documents["read"]
        else made
    )


KIND = StepKind(
    Kind.PREPROCESS,
    command=Kind.PREPROCESS,
    role=Role.WORKER,
    inputs=(
        FromStep("documents", Kind.INGEST),
        FromStep("signatures", Kind.SIGNATURES),
        FromStep("vocabulary", Kind.VOCABULARY, path=VOCABULARY, given_by="vocab"),
    ),
    shards=shards_asked_for,
    # Whether the text was kept besides, and how much of it might have been unknown, makes no other examples.
    incidental=("clean_text", "max_unknown_share"),
    work=lambda _: TextWork(Range(0.27, 0.8)),
    summary=summary,
    submission=Submission(
        "Clean a corpus and write masked training examples.",
        "Clean a corpus and write training examples.",
        recipe_is_option=True,
    ),
    leaves_report=True,
)
