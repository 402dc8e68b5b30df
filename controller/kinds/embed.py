"""``embed``: every document of the corpus becomes one vector."""

from __future__ import annotations

from controller.kinds.declaration import ComputeWork, FromStep, StepKind, shards_asked_for
from controller.kinds.tune import CHOOSING, PAIRS, why_absent
from controller.profiles.pool import Role
from jobs.artifact import Manifest
from jobs.flops import encoding_flops
from jobs.recipe import Recipe
from jobs.spec import Kind


def embedding_flops(recipe: Recipe) -> int:
    """Floating-point operations of as many documents as tuning counts on, all of the largest length."""
    assert recipe.embedder, "a recipe without the section has no such step"
    return PAIRS * encoding_flops(recipe.architecture, length=recipe.embedder.abstract_length)


def summary(manifest: Manifest) -> str:
    return f"{manifest.counts['documents']['kept']:,} documents as vectors of {manifest.facts['width']} numbers"


KIND = StepKind(
    Kind.EMBED,
    command=Kind.INDEX,
    role=Role.EXPORTER,
    inputs=(
        FromStep(
            "embedder", Kind.TUNE, chosen_by="embedder", choosing=CHOOSING, called="embedder", also=(Kind.CONTROL,)
        ),
    ),
    why_absent=why_absent,
    shards=shards_asked_for,
    work=lambda recipe: ComputeWork(embedding_flops(recipe)),
    summary=summary,
)
