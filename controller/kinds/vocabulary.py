"""``vocabulary``: a WordPiece vocabulary learned from the training documents."""

from __future__ import annotations

from controller.kinds.declaration import FromStep, StepKind, TextWork
from controller.profiles.profile import Role
from jobs.artifact import Manifest
from jobs.ranges import Range
from jobs.recipe import Recipe
from jobs.spec import Kind


def why_absent(recipe: Recipe) -> str:
    choice = recipe.vocabulary
    return "" if choice.learn else f"it needs its vocabulary of {choice.size:,} entries ({choice.source})"


def summary(manifest: Manifest) -> str:
    return f"{manifest.counts['entries']:,} entries"


KIND = StepKind(
    Kind.VOCABULARY,
    command=Kind.PREPROCESS,
    role=Role.WORKER,
    inputs=(FromStep("documents", Kind.INGEST), FromStep("signatures", Kind.SIGNATURES)),
    why_absent=why_absent,
    work=lambda _: TextWork(Range(0.1, 0.5)),
    summary=summary,
)
