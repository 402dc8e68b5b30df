"""``vocabulary``: a WordPiece vocabulary learned from the training documents, or a published one with their words."""

from __future__ import annotations

from controller.kinds.declaration import FromFile, FromStep, StepKind, TextWork
from controller.profiles.pool import Role
from jobs.artifact import Manifest
from jobs.ranges import Range
from jobs.recipe import Recipe
from jobs.spec import Kind


def why_absent(recipe: Recipe) -> str:
    choice = recipe.vocabulary
    return (
        "" if choice.learn or choice.extend else f"it needs its vocabulary of {choice.size:,} entries ({choice.source})"
    )


def summary(manifest: Manifest) -> str:
    entries, added = manifest.counts["entries"], manifest.counts.get("added")
    return f"{entries:,} entries, {added:,} of them added" if added else f"{entries:,} entries"


KIND = StepKind(
    Kind.VOCABULARY,
    command=Kind.PREPROCESS,
    role=Role.WORKER,
    inputs=(
        FromStep("documents", Kind.INGEST, named_by="documents"),
        FromStep("signatures", Kind.SIGNATURES),
        FromFile("base", option="vocab", is_read=lambda recipe: recipe.vocabulary.extend is not None),
    ),
    why_absent=why_absent,
    work=lambda _: TextWork(Range(0.1, 0.5)),
    summary=summary,
    makes_vocabulary=True,
)
