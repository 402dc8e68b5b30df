"""``preprocess``: documents become clean sentences and these masked training examples."""

from __future__ import annotations

from controller.kinds.declaration import FromStep, StepKind, Submission, TextWork, shards_asked_for
from controller.profiles.profile import Role
from jobs.artifact import Manifest
from jobs.layout import VOCABULARY
from jobs.ranges import Range
from jobs.spec import Kind


def summary(manifest: Manifest) -> str:
    examples = manifest.counts["examples"]
    return f"{examples['train']:,} training examples, {examples['validation']:,} held out"


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
    incidental=("clean_text",),  # whether the text was kept besides makes no other examples
    work=lambda _: TextWork(Range(0.27, 0.8)),
    summary=summary,
    submission=Submission("Clean a corpus and write masked training examples.", recipe_is_option=True),
    leaves_report=True,
)
